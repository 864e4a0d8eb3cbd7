"""The hub, and hosted systems without key or client."""

from collections.abc import Callable, Iterator
from typing import Any

from mcas_assets.core.paths import DATA
from mcas_assets.systems.find import find_system
from mcas_assets.systems.pipelines.hub import look_up, snapshot
from mcas_assets.systems.pipelines.hub_weights import laid_out
from tests.remedies.conftest import HOSTED
from tests.remedies.situations import Step, situation
from tests.systems.hosted.gateways import gateway_entry, speak_images
from tests.systems.hosted.providers import Provider, Reply

COMMIT = "0123456789" * 4


def repository() -> dict[str, bytes]:
    folder = DATA / "phantom" / "fair"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@situation
def a_repository_that_cannot_be_had(hub) -> Iterator[Step]:
    yield lambda: snapshot("org/tiny", COMMIT, ["model_index.json"]), "Connect to the hub once to download it"
    hub.push(COMMIT, repository())


@situation
def a_name_of_no_repository(hub) -> Iterator[Step]:
    hub.push(COMMIT, repository())
    asked = ["org//tiny"]
    yield lambda: look_up(asked[0]), "Write it as organisation/name"
    asked[0] = "org/tiny"


def laying_out(state: Callable[[], Any]) -> Callable[[], None]:
    def lay() -> None:
        with laid_out(state()):
            pass

    return lay


@situation
def a_small_file_that_cannot_be_had(hub) -> Iterator[Step]:
    hub.push(COMMIT, repository())
    state = look_up("org/tiny")
    hub.instead = (403, {"X-Error-Code": "GatedRepo"}, b"{}")
    yield laying_out(lambda: state), "accept its terms and `hf auth login`"
    hub.instead = None


@situation
def a_repository_without_a_pipeline(hub, systems) -> Iterator[Step]:
    hub.push(COMMIT, {"README.md": b"words", "model_index.txt": b"x"})
    entry = {"kind": "diffusers", "repo": "org/tiny", "revision": COMMIT, "width": 64, "height": 64}
    file = systems(mine=entry)
    yield lambda: find_system("mine", file).identity(), "Name another repository"
    hub.push("1" * 40, repository())
    systems(mine=entry | {"revision": "1" * 40})


@situation
def a_repository_whose_weights_cannot_be_loaded(hub, systems) -> Iterator[Step]:
    unet = "unet/diffusion_pytorch_model.safetensors"
    files = repository()
    hub.push(COMMIT, {name: data for name, data in files.items() if name != unet} | {"unet/model.bin": b"x"})
    entry = {"kind": "diffusers", "repo": "org/tiny", "revision": COMMIT, "width": 64, "height": 64}
    file = systems(mine=entry)
    found: Any = find_system
    yield lambda: found("mine", file).upstream(), "declare it with allow_pickle: true"
    systems(mine=entry | {"allow_pickle": True})


# Hosted ---------------------------------------------------------------------------------------------------------------


@situation
def a_hosted_system_without_its_key(systems, monkeypatch) -> Iterator[Step]:
    file = systems(hosted=HOSTED)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    found: Any = find_system
    yield lambda: found("hosted", file)._ready(), "Set OPENAI_API_KEY; it is kept nowhere"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")


@situation
def a_hosted_system_without_its_client(systems, monkeypatch) -> Iterator[Step]:
    file = systems(hosted=HOSTED)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "openai", None)
        found: Any = find_system
        yield lambda: found("hosted", file)._ready(), "Install the extra: uv sync --extra openai"


@situation
def a_fleet_whose_servers_do_not_run_the_same(systems) -> Iterator[Step]:
    first, second = Provider(speak_images), Provider(speak_images)
    second.script = lambda body: Reply({"runs": "another"})
    entry = gateway_entry(first, base_url=None, servers=[f"{first.url}/v1", f"{second.url}/v1"], key_variable=None)
    entry |= {"server_info": ["/server"]}
    file = systems(fleet={key: value for key, value in entry.items() if value is not None})
    yield lambda: find_system("fleet", file).identity(), "Have all servers run the same, then ask again"
    second.script = lambda body: None


@situation
def a_fleet_that_is_not_there(systems) -> Iterator[Step]:
    server = Provider(speak_images)
    server.stop()
    entry = gateway_entry(server, key_variable=None, server_info=["/server"])
    file = systems(fleet={key: value for key, value in entry.items() if value is not None})
    yield lambda: find_system("fleet", file).identity(), "Start them, or correct base_url"
    server.start()
