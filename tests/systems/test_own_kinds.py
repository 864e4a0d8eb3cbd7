"""A kind of another package: installed, found by its entry points, audited, and told by name where it fails."""

import importlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from mcas_assets.core.errors import BadInput, McasError
from mcas_assets.declare import catalogue
from mcas_assets.declare.audit import load_audit
from mcas_assets.orchestration.runs import run_audit
from mcas_assets.project.schemas import schemas
from mcas_assets.stages.workplace import Workplace
from mcas_assets.systems.find import find_system, load_systems
from mcas_assets.systems.own_kinds import PROTOCOL
from mcas_assets.systems.protocol import Capabilities, Outcome, Request, SystemIdentity

PACKAGE = Path(__file__).parents[1] / "packages" / "acme_painter"
SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"


def forget() -> None:
    """What kinds there are, so that it is looked for anew."""
    catalogue.kinds.cache_clear()
    catalogue._given.cache_clear()


@pytest.fixture(scope="module")
def painter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package in the tests' folder, built as a wheel and installed; its module."""
    folder = tmp_path_factory.mktemp("acme")
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(built, check=True, cwd=PACKAGE, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder / "site")
        forget()
        yield importlib.import_module("acme_painter.painter")
    forget()
    for name in [name for name in sys.modules if name.startswith("acme_painter")]:
        del sys.modules[name]


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    def write(**entry: object) -> Path:
        path = tmp_path / "systems.yaml"
        path.write_text(json.dumps({"systems": {"painter": {"kind": "acme_painter"} | entry}}))
        return path

    return write


@pytest.mark.timeout(300)
def test_an_installed_kind_of_systems_and_one_of_embedders_are_audited(
    painter, declare, tmp_path, monkeypatch, instance
):
    (tmp_path / "mcas.yaml").write_text("project: painted\n")
    (tmp_path / "embedders.yaml").write_text("embedders:\n  colours: {kind: acme_colours}\n")
    monkeypatch.setenv("MCAS_PROJECT", str(tmp_path))
    (tmp_path / "painted.yaml").write_text(
        SMALLEST.read_text().replace("[phantom-balanced]", "[colours]").replace("audit: smallest", "audit: painted")
    )
    workplace = Workplace(home=tmp_path / "home")
    run_audit(load_audit(tmp_path / "painted.yaml"), find_system("painter", declare()), workplace, instance)
    with workplace.store.open() as con:
        outcomes = dict(con.execute("select outcome, count(*) from image_facts group by 1").fetchall())
        scores = con.execute("select count(*) from scores where embedder = 'colours' and mcas is not null").fetchone()
        environment = con.execute("select distinct environment ->> '$.package' from image_facts").fetchall()
    assert sum(outcomes.values()) == 10
    assert outcomes["ok"] >= 8
    assert scores is not None
    assert scores[0] > 0
    assert environment in ([("acme-painter 1.4",)], [(None,)])


def test_the_package_and_what_is_declared_are_part_of_the_version(painter, declare):
    document = find_system("painter", declare()).identity().document
    assert document == {"kind": "acme_painter", "side": 64, "palette": "bright", "package": "acme-painter 1.4"}
    assert find_system("painter", declare(palette="dull")).identity() != find_system("painter", declare()).identity()
    assert "acme_painter" in str(schemas()["systems"]), "editors know its keys"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"palete": "dull"}, "palete: is not a known key. Did you mean 'palette'"),
        ({"side": 4}, "side: is 4.*16"),
        ({"kind": "acme_paintr"}, "which is no kind. Did you mean 'acme_painter'"),
    ],
)
def test_an_entry_of_such_a_kind_is_checked_as_any_other(painter, declare, entry, message):
    with pytest.raises(BadInput, match=message):
        find_system("painter", declare(**entry))


def test_a_declaration_that_is_no_entry_is_told_where_it_is_asked_for(painter, declare, monkeypatch):
    monkeypatch.setattr(painter, "Declaration", dict)
    assert list(load_systems(declare())) != ["painter"]
    with pytest.raises(BadInput, match=r"whose Declaration is no mcas_assets.declare.catalogue.Entry"):
        find_system("painter", declare())


@pytest.fixture
def site(tmp_path: Path, monkeypatch) -> Iterator[Callable[[str, str], None]]:
    """Installs a module `acme_broken` with an entry point, given the code of one and the line of the other."""

    def install(code: str, point: str) -> None:
        folder = tmp_path / "site"
        (folder / "acme_broken-1.dist-info").mkdir(parents=True)
        (folder / "acme_broken.py").write_text(code)
        (folder / "acme_broken-1.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: acme-broken\nVersion: 1\n"
        )
        (folder / "acme_broken-1.dist-info" / "entry_points.txt").write_text(f"[mcas_assets.systems]\n{point}\n")
        monkeypatch.syspath_prepend(folder)
        forget()

    yield install
    monkeypatch.undo()
    forget()
    sys.modules.pop("acme_broken", None)


@pytest.mark.parametrize(
    ("code", "said"),
    [("1/0", "ZeroDivisionError"), ("def x(:", "SyntaxError"), ("import not_there_at_all", "ModuleNotFoundError"),
     ("{}['a']", "KeyError"), ("", "has no Declaration and build")],
)  # fmt: skip
def test_a_package_that_cannot_be_imported_is_told_where_its_kind_is_asked_for_and_stops_nothing_else(
    site, tmp_path, code, said
):
    site(code, "broken = acme_broken")
    path = tmp_path / "systems.yaml"
    path.write_text("systems: {mine: {kind: broken}, fine: {kind: drawn, world: harder}}")
    assert list(load_systems(path)) == ["fine"]
    with pytest.raises(BadInput, match=rf"is 'broken', which is no kind: acme_broken.*{said}.*Mend the package"):
        find_system("mine", path)


def test_a_package_does_not_take_the_place_of_a_kind_that_ships(site, caplog):
    site("class Declaration: pass\ndef build(*given): pass", "diffusers = acme_broken")
    assert catalogue.kind_module("diffusers", "mcas_assets.systems").__name__ == "mcas_assets.systems.diffusers"
    assert "kind diffusers of mcas_assets.systems is the one that ships, and not that of acme_broken" in caplog.text


# What a program of others may do --------------------------------------------------------------------------------------

REQUEST = Request("an image of a nurse", 1, 64, 64)


def raising(error: Exception) -> Callable[..., None]:
    def fail(*given: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("part", ["identity", "capabilities", "size", "environment", "close"])
def test_whatever_it_raises_is_a_refusal_that_names_the_package(painter, declare, monkeypatch, part):
    monkeypatch.setattr(painter.Painter, part, raising(ZeroDivisionError("oh")))
    system = find_system("painter", declare())
    with pytest.raises(
        BadInput, match=rf"painter: {part}\(\) of its kind, by acme-painter 1\.4, raised ZeroDivisionError: oh"
    ):
        getattr(system, part)()


def test_what_cannot_be_built_and_what_it_refuses_itself_is_told(painter, declare, monkeypatch):
    monkeypatch.setattr(painter, "build", raising(KeyError("palette")))
    with pytest.raises(BadInput, match=r"build\(\) of its kind, by acme-painter 1\.4, raised KeyError"):
        find_system("painter", declare())
    monkeypatch.setattr(painter, "build", raising(BadInput("painter", "has no paint", "Buy some")))
    with pytest.raises(BadInput, match=r"painter: has no paint\. Buy some"):
        find_system("painter", declare())
    monkeypatch.setattr(painter, "build", lambda *given: object())
    with pytest.raises(BadInput, match=f"whose build\\(\\) gives a object without {', '.join(PROTOCOL)}"):
        find_system("painter", declare())


@pytest.mark.parametrize(
    ("part", "given", "wanted"),
    [
        ("identity", {"kind": "x"}, "SystemIdentity"),
        ("identity", SystemIdentity("x", ["x"]), "SystemIdentity"),  # ty: ignore[invalid-argument-type]
        ("identity", SystemIdentity("x", {"x": float("nan")}), "raised ValueError"),
        ("identity", SystemIdentity("x", {"x": object()}), "raised TypeError"),
        ("capabilities", None, "Capabilities"),
        ("capabilities", Capabilities("exact", images="given"), "kind import"),
        ("size", (64,), "tuple of width and height"),
        ("size", (64.0, 64.0), "width and height in pixels"),
        ("size", (0, 64), "width and height in pixels"),
        ("environment", {"x": {1, 2}}, "raised TypeError"),
    ],
)
def test_what_it_gives_in_another_form_is_refused(painter, declare, monkeypatch, part, given, wanted):
    monkeypatch.setattr(painter.Painter, part, lambda self: given)
    with pytest.raises(BadInput, match=wanted):
        getattr(find_system("painter", declare()), part)()


def test_what_it_raises_before_it_ever_drew_refuses_it_and_later_is_an_outcome(painter, declare, monkeypatch):
    system = find_system("painter", declare())
    with monkeypatch.context() as patch:
        patch.setattr(painter.Painter, "generate", raising(IndexError("no brush")))
        with pytest.raises(BadInput, match=r"generate\(\) of its kind, .* raised IndexError: no brush"):
            system.generate([REQUEST])
    assert system.generate([REQUEST])[0].outcome == "ok"
    monkeypatch.setattr(painter.Painter, "generate", raising(IndexError("no brush")))
    (found,) = system.generate([REQUEST])
    assert (found.outcome, found.reason) == ("failed", "acme-painter 1.4 raised IndexError: no brush")
    monkeypatch.setattr(painter.Painter, "generate", raising(McasError("the licence ran out")))
    with pytest.raises(McasError, match="the licence ran out"):
        system.generate([REQUEST])


def lazy() -> bytes:
    raise OSError("no canvas")


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (Outcome("ok", image=b"<svg/>"), "decode_error"),
        (Outcome("ok"), "decode_error"),
        (Outcome("ok", image="a picture"), "decode_error"),  # ty: ignore[invalid-argument-type]
        (Outcome("refused_prompt", "no"), "refused_prompt"),
        (Outcome("refused_prompt", image=b"x"), "refused_prompt"),
    ],
)
def test_what_it_draws_is_looked_at_before_it_is_kept(painter, declare, monkeypatch, given, outcome):
    monkeypatch.setattr(painter.Painter, "generate", lambda self, requests: [given])
    (found,) = find_system("painter", declare()).generate([REQUEST])
    assert found.outcome == outcome
    assert found.image is None
    assert found.reason


@pytest.mark.parametrize(
    "given",
    [[], [None], None, [Outcome("ok")] * 2, [Outcome("splendid")], [Outcome("ok", image=lazy)],  # ty: ignore[invalid-argument-type]
     [Outcome("ok", provider={"x": object()})]],
    ids=["none", "null", "nothing", "too many", "an unknown word", "no canvas", "no JSON"],
)  # fmt: skip
def test_outcomes_of_no_known_form_are_refused(painter, declare, monkeypatch, given):
    monkeypatch.setattr(painter.Painter, "generate", lambda self, requests: given)
    with pytest.raises(BadInput, match=r"acme-painter 1\.4"):
        find_system("painter", declare()).generate([REQUEST])
