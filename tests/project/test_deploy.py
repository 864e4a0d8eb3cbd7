"""What runs the standing watch as a service: taken by systemd where it is, read as an engine reads it, and its command run."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from mcas_assets.declare.catalogue import kind_module
from mcas_assets.project.make import DEPLOY, make
from mcas_assets.systems.find import KINDS
from tests.standing import Standing

UNIT, CONTAINERFILE, COMPOSE = DEPLOY / "mcas.service", DEPLOY / "Containerfile", DEPLOY / "compose.yaml"
TOKEN = "a-token-that-nobody-will-guess-0123"


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of the Containerfile, lines that go on put together."""
    text = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.M))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in text.splitlines() if line.strip()]


def of(name: str) -> str:
    """The rest of the only instruction of a name."""
    (rest,) = [rest for instruction, rest in instructions() if instruction == name]
    return rest


def settings() -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(of("ENV")))


def unit() -> dict[str, list[str]]:
    """The keys of the unit, each with all of its values."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def test_init_writes_them_where_they_are_asked_for_and_leaves_what_was_changed(tmp_path):
    assert not (make(tmp_path).folder / "deploy").exists()
    make(tmp_path, with_deploy=True)
    names = {path.name for path in (tmp_path / "deploy").iterdir()}
    assert names == {"mcas.service", "mcas.env", "Containerfile", "compose.yaml"}
    (tmp_path / "deploy" / "mcas.service").write_text("mine")
    make(tmp_path, with_deploy=True)
    assert (tmp_path / "deploy" / "mcas.service").read_text() == "mine"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_takes_the_unit_and_calls_it_safe(tmp_path):
    copy = tmp_path / "mcas.service"
    copy.write_text(UNIT.read_text().replace("/opt/mcas/bin/mcas", shutil.which("true") or ""))
    taken = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60)
    assert (taken.returncode, taken.stderr) == (0, "")
    judged = [
        "systemd-analyze",
        "security",
        "--offline=yes",
        "--threshold=40",
        str(copy),
    ]  # of 100; 96 is a unit of nothing
    told = subprocess.run(judged, capture_output=True, text=True, timeout=60)
    if "unrecognized option" in told.stderr:
        pytest.skip("this systemd judges no unit that is not installed")
    assert told.returncode == 0, told.stdout


def test_the_unit_runs_the_watch_as_an_ordinary_user_who_writes_in_one_place():
    found = unit()
    assert found["User"] == ["mcas"]
    assert found["ExecStart"] == ["/opt/mcas/bin/mcas serve --yes"]
    assert found["ProtectSystem"] == ["strict"]
    home = dict(word.split("=", 1) for word in found["Environment"][0].split())["MCAS_HOME"]
    assert Path(home).is_relative_to(f"/var/lib/{found['StateDirectory'][0]}")
    assert "ReadWritePaths" not in found


def test_the_image_runs_as_an_ordinary_user_from_a_tag_that_stays_with_commands_that_hear_signals():
    assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", of("FROM"))
    user = of("USER").split(":")[0]
    assert user.isdecimal()
    assert int(user) > 0
    assert isinstance(json.loads(of("ENTRYPOINT")) + json.loads(of("CMD")), list), (
        "no shell stands between signal and command"
    )
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(number for number, name in enumerate(order) if name in ("RUN", "COPY"))
    assert not {"ADD", "MAINTAINER", "ONBUILD"} & set(order)
    assert of("STOPSIGNAL") == "SIGTERM"


def test_the_compose_file_asks_for_every_secret_and_lets_the_watch_write_in_its_volume_alone():
    services = yaml.safe_load(COMPOSE.read_text())["services"]
    mcas, history = services["mcas"], services["history"]
    assert mcas["read_only"]
    assert (mcas["cap_drop"], mcas["init"]) == (["ALL"], True)
    writable = [volume for volume in mcas["volumes"] if not volume.endswith(":ro")]
    assert [volume.split(":")[1] for volume in writable] == json.loads(of("VOLUME"))
    assert all(port.startswith("127.0.0.1:") and port.endswith(f":{of('EXPOSE')}") for port in mcas["ports"])
    assert mcas["build"]["dockerfile"] == CONTAINERFILE.name
    assert mcas["depends_on"]["history"]["condition"] == "service_healthy"
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert wanted == {"MCAS_TOKEN", "MCAS_POSTGRES_PASSWORD"}
    assert "image" in history


def test_every_key_of_a_provider_and_every_setting_is_named_in_the_file_of_settings():
    named = set(re.findall(r"^#?(\w+)=", (DEPLOY / "mcas.env").read_text(), re.M))
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    keys = {
        name
        for kind in ("openai", "google", "fal", "bfl", "replicate")
        for name in kind_module(kind, KINDS).Declaration.model_construct().key_variables
    }
    assert asked - named == set()
    assert keys - {"GEMINI_API_KEY"} <= named
    assert asked & keys, "a key reaches the watch in the container"
    assert {"MCAS_TOKEN", "MCAS_PAGES", "MCAS_HISTORY"} <= named


@pytest.fixture(scope="module")
def contained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The very command of the image with its settings, on a project that cannot be written."""
    folder = tmp_path_factory.mktemp("contained")
    project = make(folder / "project").folder
    for path in [*project.rglob("*"), project]:
        path.chmod(path.stat().st_mode & ~0o222)
    words = [*json.loads(of("ENTRYPOINT")), *json.loads(of("CMD"))]
    assert words[0] == "mcas"
    places = {"MCAS_PROJECT": str(project), "HOME": str(folder), "MCAS_TOKEN": TOKEN}
    given = {key: value for key, value in settings().items() if not key.startswith("MCAS")} | places
    made = Standing(folder, *words[3:], settings=given)
    assert words[1:3] == ["serve", "--yes"], "what Standing runs"
    try:
        made.wait(made.is_ready)
        yield made
    finally:
        made.process.terminate()
        made.process.wait(60)
        project.chmod(0o755)


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="processes are counted in /proc")
def test_the_command_of_the_image_serves_on_all_addresses_to_who_knows_the_token_and_tells_its_health_to_anyone(
    contained,
):
    check = json.loads(of("HEALTHCHECK").split(" CMD ")[1])
    port = contained.url.rpartition(":")[2]
    probe = [sys.executable, *(word.replace(":3333/", f":{port}/") for word in check[1:])]
    assert check[0] == "python"
    contained.wait(lambda: subprocess.run(probe, capture_output=True, timeout=60, env=os.environ).returncode == 0)
    assert contained.get("/")[0] == 401
    assert contained.get("/dagster/server_info")[0] == 401
    assert contained.get("/dagster/server_info", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert TOKEN not in contained.said()
    assert "warning: other machines reach 0.0.0.0" in contained.said()
