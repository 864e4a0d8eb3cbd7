"""The house: what lies where, and what may lean on what. All of it is read from the source; nothing is imported.

A rule that is broken says by file or package name where, so that the message is the work to do.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mcas_assets"
TESTS = ROOT / "tests"

LAYERS = (
    "definitions", "cli", "api", "orchestration", "notify", "servers", "export", "pages", "views", "project", "policy",
    "stages", "quality", "compare", "calibrate", "estimate", "watch", "review", "measure", "images", "labellers", "embedders",
    "systems", "plan", "store",
    "declare",
    "phantom", "scoring", "core",
)  # fmt: skip
"""Packages from the top down: each imports from those below it, and from no other. `__main__` is as high as `definitions`."""

WITH_SQL = ("store",)
OTHER_SQL = {"orchestration/history.py"}
"""Pragmas of Dagster's own SQLite files, which are not the store's."""

OF_NO_PACKAGE = {"conformance", "data", "docs", "remedies", "sql", "tools"}
"""Folders of tests that mirror no package: the method's vectors, documents, remedies, questions and tools; and data."""

SOURCES = sorted(PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    """`store.facts` of `mcas_assets/store/facts.py`; a package is its own module."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in SOURCES}


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """(module of the package, line) of every import in a file, within functions and `if TYPE_CHECKING` too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.relative_to(ROOT)}:{node.lineno}: a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == PACKAGE.name:
                inner = name.partition(".")[2]
                yield (inner if inner in MODULES else inner.rpartition(".")[0]), node.lineno


def layer_of(module: str) -> int:
    first = module.split(".")[0]
    return 0 if first == "__main__" else LAYERS.index(first)


def test_every_package_has_its_place_in_the_list_of_layers():
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders - set(LAYERS) == set()


def test_imports_run_down_the_list_of_layers():
    upward = [
        f"{package} imports {other}: mcas_assets/{path.relative_to(PACKAGE)}:{line}"
        for module, path in MODULES.items() if module
        for target, line in imports_of(path) if target
        for package, other in [(module.split(".")[0], target.split(".")[0])]
        if package != other and layer_of(target) <= layer_of(module) and module != "__main__"
    ]  # fmt: skip
    assert upward == []


def test_no_modules_import_one_another_in_a_circle():
    imports = {module: sorted({name for name, _ in imports_of(path)}) for module, path in MODULES.items()}
    done: set[str] = set()

    def circle_from(module: str, way: tuple[str, ...]) -> tuple[str, ...]:
        if module in way:
            return (*way[way.index(module) :], module)
        if module in done:
            return ()
        found = next(filter(None, (circle_from(name, (*way, module)) for name in imports[module])), ())
        done.add(module)
        return found

    assert [" -> ".join(found) for module in imports if (found := circle_from(module, ()))] == []


def test_the_root_holds_the_entry_points_alone():
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py", "definitions.py"}


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name == "__init__.py"], ids=module_of)
def test_an_init_file_says_what_its_package_is_and_holds_no_code(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    exports = (ast.Import, ast.ImportFrom)
    code = [node.lineno for node in tree.body[1:] if not isinstance(node, exports) and not _is_all(node)]
    assert code == []


def _is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and [ast.unparse(one) for one in node.targets] == ["__all__"]


@pytest.mark.parametrize("folder", ["mcas_assets", "tests", "tools", "benchmarks"])
def test_no_file_is_over_300_lines(folder):
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {path: count for path, count in lines.items() if count > 300} == {}


def test_a_folder_of_tests_mirrors_a_package():
    folders = {str(path.parent.relative_to(TESTS)) for path in TESTS.rglob("test_*.py")} - {"."}
    mirrored = {folder for folder in folders if folder.split("/")[0] not in OF_NO_PACKAGE}
    assert [folder for folder in sorted(mirrored) if not (PACKAGE / folder / "__init__.py").exists()] == []


def test_text_reaches_a_terminal_through_one_module_alone():
    way = re.compile(
        r"\btyper\.echo\(|\bclick\.echo\(|(?<![\w.])print\(|\bConsole\(|std(out|err)\.write\(|from rich import print"
    )
    told = {
        str(path.relative_to(PACKAGE))
        for path in SOURCES
        if way.search(path.read_text(encoding="utf-8")) and path.name != "terminal.py"
    }
    assert told == {"views/frames.py"}  # which writes data that programs read, and tables that a console has laid out


# SQL ------------------------------------------------------------------------------------------------------------------

STATEMENT = re.compile(
    r"\s*(select\s.+|from [a-z_{}]+( (where|select|order|group|limit|join|semi|left)\b.*)?|with \w+ as .+"
    r"|insert (or \w+ )?into .+|update \w+ set .+|delete from .+"
    r"|(create|alter|drop) (or replace )?(table|view|macro) .+|(copy|attach|checkpoint) .+)",
    re.DOTALL,
)


def sql_in(path: Path) -> list[int]:
    """The lines of a file on which SQL stands: a query that is run on a connection, or a text that begins as one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("execute", "sql")
    ]
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in inner else None
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{x}" for part in node.values)
        if isinstance(text, str) and STATEMENT.fullmatch(text):
            lines.append(node.lineno)  # ty: ignore[missing-attribute]
    return sorted(set(lines))


def test_sql_stands_in_the_store_and_in_the_folder_of_questions_alone():
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in SOURCES
        if path.relative_to(PACKAGE).parts[0] not in WITH_SQL and (lines := sql_in(path))
    }
    assert {path: lines for path, lines in found.items() if path not in OTHER_SQL} == {}
    assert set(found) >= OTHER_SQL, "holds no SQL by now: take it off the list"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("con.execute(text)", [1]),
        ("def f(c):\n    return c.sql('from scores')", [2]),
        ("q = f'select {names} from scores'", [1]),
        ("q = 'update systems set a = 1'", [1]),
        ("print('mcas sql \"select 1\"')\nwith_share = 'with the share of a pole'\nx = 'from here on it is slow, so wait'", []),
    ],
)  # fmt: skip
def test_sql_is_told_from_other_text(text, lines, tmp_path):
    (tmp_path / "source.py").write_text(text)
    assert sql_in(tmp_path / "source.py") == lines
