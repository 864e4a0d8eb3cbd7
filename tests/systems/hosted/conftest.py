"""Providers on this machine, and systems that ask them without waiting."""

import json
import ssl
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.systems import gateway, google, openai
from tests.systems.hosted.gateways import gateway_entry, speak_images
from tests.systems.hosted.providers import KEY, Provider, google_entry, openai_entry, speak_google, speak_openai


@pytest.fixture(scope="session", autouse=True)
def trust() -> Iterator[None]:
    """The machine's certificates are read once and not by every client: these servers have none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both keys are set; whatever else the machine's environment says of providers is not."""
    for name in (
        "GOOGLE_API_KEY",
        "OPENAI_BASE_URL",
        "GOOGLE_GEMINI_BASE_URL",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    monkeypatch.setenv("HOUSE_KEY", KEY)
    monkeypatch.setenv("FAL_KEY", KEY)


@pytest.fixture
def openai_provider() -> Iterator[Provider]:
    provider = Provider(speak_openai)
    yield provider
    provider.stop()


@pytest.fixture
def google_provider() -> Iterator[Provider]:
    provider = Provider(speak_google)
    yield provider
    provider.stop()


class Gpt(openai.OpenAISystem):
    """One that does not wait; `naps` holds the seconds that it would have waited."""

    def __init__(self, entry: openai.Declaration) -> None:
        super().__init__("gpt", entry)
        self.naps: list[float] = []
        self.sleep = self.naps.append


class Gemini(google.GoogleSystem):
    """One that does not wait, as `Gpt`."""

    def __init__(self, entry: google.Declaration) -> None:
        super().__init__("gemini", entry)
        self.naps: list[float] = []
        self.sleep = self.naps.append


@pytest.fixture
def gpt(openai_provider: Provider) -> Iterator[Callable[..., Gpt]]:
    """Makes systems of kind openai, given the keys of their entry."""
    made = []

    def make(**keys: Any) -> Gpt:
        system = Gpt(openai.Declaration.model_validate(openai_entry(openai_provider, **keys)))
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()


@pytest.fixture
def gemini(google_provider: Provider) -> Iterator[Callable[..., Gemini]]:
    """Makes systems of kind google, given the keys of their entry."""
    made = []

    def make(**keys: Any) -> Gemini:
        system = Gemini(google.Declaration.model_validate(google_entry(google_provider, **keys)))
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()


class Gateway(gateway.GatewaySystem):
    """One that does not wait, as `Gpt`."""

    def __init__(self, entry: gateway.Declaration) -> None:
        super().__init__("gateway", entry)
        self.naps: list[float] = []
        self.sleep = self.naps.append


@pytest.fixture
def servers() -> Iterator[Callable[[], Provider]]:
    """Starts servers that speak the Images API."""
    made: list[Provider] = []

    def start() -> Provider:
        made.append(Provider(speak_images))
        return made[-1]

    yield start
    for server in made:
        server.stop()


@pytest.fixture
def house(servers: Callable[[], Provider]) -> Provider:
    """One server that speaks the Images API."""
    return servers()


@pytest.fixture
def behind(house: Provider) -> Iterator[Callable[..., Gateway]]:
    """Makes systems of kind gateway, given the keys of their entry; they ask `house` if nothing else is said."""
    made = []

    def make(**keys: Any) -> Gateway:
        entry = {key: value for key, value in gateway_entry(house, **keys).items() if value is not None}
        system = Gateway(gateway.Declaration.model_validate(entry))
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    """Writes a systems.yaml of the entries given by name; returns its path."""

    def write(**entries: dict) -> Path:
        path = tmp_path / "systems.yaml"
        path.write_text(json.dumps({"systems": entries}).replace("Infinity", ".inf"))
        return path

    return write
