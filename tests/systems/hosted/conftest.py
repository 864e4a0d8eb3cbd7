"""Providers on this machine, and systems that ask them without waiting."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcas_assets.systems import google, openai

# Tests are imported by their files and not as a package, so the module beside them must be found by name.
sys.path.insert(0, str(Path(__file__).parent))

from providers import KEY, Provider, google_entry, openai_entry, speak_google, speak_openai


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


@pytest.fixture
def gpt(openai_provider: Provider) -> Iterator[Callable[..., openai.OpenAISystem]]:
    """Makes systems of kind openai that do not wait; `naps` holds the seconds that they would have waited."""
    made = []

    def make(**keys: Any) -> openai.OpenAISystem:
        system = openai.build("gpt", openai.Declaration.model_validate(openai_entry(openai_provider, **keys)), Path())
        system.naps = []
        system.sleep = system.naps.append
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()


@pytest.fixture
def gemini(google_provider: Provider) -> Iterator[Callable[..., google.GoogleSystem]]:
    """Makes systems of kind google that do not wait; `naps` holds the seconds that they would have waited."""
    made = []

    def make(**keys: Any) -> google.GoogleSystem:
        system = google.build(
            "gemini", google.Declaration.model_validate(google_entry(google_provider, **keys)), Path()
        )
        system.naps = []
        system.sleep = system.naps.append
        made.append(system)
        return system

    yield make
    for system in made:
        system.close()
