"""Audits and populations."""

from collections.abc import Iterator
from pathlib import Path

from mcas_assets.declare.audit import Audit, load_audit
from mcas_assets.declare.populations import load_population, populations_of
from tests.remedies.situations import Step, edits, situation

SMALLEST = (Path(__file__).parents[1] / "data" / "smallest.yaml").read_text()
GROUPS = (
    "    groups:\n      - {name: x, texts: [a], monk_tones: [1, 2]}\n      - {name: y, texts: [b], monk_tones: [3]}\n"
)
GROUPED = SMALLEST.replace("templates:", f"{GROUPS}templates:")
DEEP = "[" * 120 + "]" * 120


def audit(file: Path) -> object:
    return load_audit(str(file))


AUDIT_TABLE = edits("audit", "a.yaml", SMALLEST, audit, [
    ("run_seed:", "run_sed:", "Did you mean 'run_seed'?"),
    ("title: The", "title: The: x", "quote a text that holds ': '", "title: 'The: x' # "),
    ("run_seed: 7", f"run_seed: 0x{'f' * 9000}", "Write a smaller one"),
    ("run_seed: 7", "run_seed: !!int7 7", "without a tag", "run_seed: 7"),
    ("run_seed: 7", "run_seed: 7\nrun_seed: 8", "Keep one of the two", "run_seed: 8"),
    ("run_seed: 7\n", "run_seed: &two 2\nx: *two\n", "Write the value out here", "run_seed: 2\n"),
    ("run_seed: 7", f"run_seed: {DEEP}", "Look for brackets that are not closed"),
    ("", "# nothing\n", "Write the declaration"),
    ("", "- a\n- b\n", "Begin with: audit: ..."),
    ("run_seed: 7", "run_seed: 7\n? [a, b]\n: 1", "", "run_seed: 7"),
    ("concept: nurse", "concept: Head Nurse", "Use small letters, digits and hyphens, for example 'head-nurse'",
     "concept: head-nurse"),
    ("title: The smallest audit", "title: ' '", "Write the words, or remove the entry", "title: Words"),
    ("title: The smallest audit", "title: 'x '", "characters that do not print. Remove them", "title: x"),
    ("concept: 2,", "concept: 3000,", "Give at most 2,000", "concept: 2000,"),
    ("batch_size: 2", "batch_size: 2000", "Give at most 1,024", "batch_size: 1024"),
    ("words: [man, he]", "words: [man, man]", "Keep one of the two", "words: [man]"),
    ("[an image of a man]", "['an image of a {x}']", "Only templates have one, {phrase}; write the words out"),
    ("an image of {phrase}", "an image of", "Write it in, for example: an image of {phrase}"),
    ("category: occupations, phrase: a nurse", "category: occupations", "or a phrase for the templates",
     "category: occupations, prompts: [an image of a nurse]"),
    ("phrase: a nurse}\n  - {concept: ceo, category: occupations, phrase: a ceo}",
     "prompts: [a nurse]}\n  - {concept: ceo, category: occupations, prompts: [a ceo]}",
     "Give a concept a phrase, or remove the templates"),
    ('templates: ["an image of {phrase}"]\n', "", "Add templates: ['an image of {phrase}']"),
    ("name: woman", "name: man", "Name the poles apart"),
    ("words: [woman, she]", "words: [woman, he]", "Keep it in one of them, or in none", "words: [woman]"),
    ("templates:", "    groups: [{name: x, texts: [a]}]\ntemplates:", "Give at least two, or leave groups out"),
    ("concept: ceo", "concept: nurse", "Remove one of the two, or change it"),
    ("phrase: a nurse", "phrase: a nurse, language: German", "Write it as BCP 47 does, for example en, de or zh-Hans",
     "phrase: a nurse, language: de"),
    ("category: occupations", "category: neutral", "Name another", "category: occupations"),
    ("phrase: a ceo", "phrase: a nurse", "Word it differently, or remove it"),
    ("name: person", "name: nurse", "Name it otherwise", "name: nobody"),
    ("name: person", "name: person, baseline: false", "Set baseline: true on one of them", "name: person, baseline: true"),
    ("axes:", "axes: []\nx:", "Write it as keys with values"),
    ("embedders: [phantom-balanced]", "embedders: phantom-balanced", "Write it as a list", "embedders: [phantom-balanced]"),
    ("embedders: [phantom-balanced]", "embedders: []", "Give at least 1"),
    ("title: The smallest audit", "title: 7", "Put it in quotes", "title: '7'"),
    ("title: The smallest audit\n", "", "Add 'title'"),
    ("run_seed: 7", "run_seed: 7.5", "It must be a whole number"),
])  # fmt: skip

GROUPS_TABLE = edits("groups", "a.yaml", GROUPED, audit, [
    (", monk_tones: [3]", "", "Give tones to every group, or to none"),
    ("monk_tones: [3]", "monk_tones: [2]", "Keep it in one group"),
])  # fmt: skip

HEAD = "# title: T\n# source: S\n# year: 2024\n# locale: DE\n# axis: gender\n"
POPULATION = f"{HEAD}concept,group,share\nnurse,woman,0.85\nnurse,man,0.15\n"


def population(file: Path) -> object:
    return load_population(file.stem, file.parent)


POPULATION_TABLE = edits("population", "p.csv", POPULATION, population, [
    ("0.85", "many", "Write 0 to 1, with a point"),
    ("0.85", "85%", "Write 0 to 1 (a percentage divided by 100)"),
    ("0.85", "85", "Write 0 to 1 (a percentage divided by 100)"),
    ("nurse,woman,0.85\nnurse,man,0.15\n", "nurse,woman,-\nnurse,man,0.15\nceo,man,1\n", "Leave out all rows of the concept",
     "ceo,man,1\n"),
    (HEAD, "", "Begin with lines '# key: value' for title, source, year, locale and axis"),
    ("0.85", "0.85,x, y", "Put a text that holds a comma in double quotes"),
    ("nurse,woman", '"nurse,woman', "Close every quote"),
    ("group,share", "group,shares", "Did you mean 'share'?"),
    ("concept,group,share\n", "", "Begin with: concept,group,share"),
    ("# year: 2024\n", "# year: 2024\n# rule: equal\n", "Remove the rule, or the rows", "# year: 2024\n"),
    ("# year: 2024\n", "", "Add the year that the numbers describe: # year: 2022", "# year: 2022\n"),
    ("nurse,woman,0.85\nnurse,man,0.15\n", "", "Add rows of concept,group,share below the head"),
    ("# axis: gender\n", "", "Give it in the head (# axis: gender) or as a column"),
    ("nurse,man,0.15\n", "nurse,man,0.15\nnurse,man,0.15\n", "Keep one of the two"),
    ("nurse,man,0.15\n", "", "Give every group of the axis"),
])  # fmt: skip


WEIGHED = f"{HEAD}concept,group,share,weight\nnurse,woman,0.85,9\nnurse,man,0.15,9\nceo,woman,0.5,1\nceo,man,0.5,1\n"

WEIGHTS_TABLE = edits("weights", "p.csv", WEIGHED, population, [
    ("man,0.15,9", "man,0.15,8", "Give all rows of a concept the same weight"),
    ("ceo,woman,0.5,1\nceo,man,0.5,1", "ceo,woman,0.5,\nceo,man,0.5,", "Give every concept of the axis a weight, or none"),
    ("woman,0.85,9", "woman,0.85,0", "Write a number above 0"),
])  # fmt: skip


def with_population(file: Path) -> object:
    return populations_of(load_audit_with("p"), file.parent)


def load_audit_with(population: str) -> Audit:
    return load_audit(Path(__file__).parents[1] / "data" / "smallest.yaml").model_copy(
        update={"populations": (population,)}
    )


STRANGERS_TABLE = edits("population of an audit", "p.csv", POPULATION, with_population, [
    ("axis: gender", "axis: gnder", "Did you mean 'gender'?"),
    ("nurse,woman,0.85\nnurse,man,0.15", "nurses,woman,0.85\nnurses,man,0.15", "Name its concepts as the audit does"),
    ("nurse,woman", "nurse,women", "Did you mean 'woman'?"),
])  # fmt: skip


@situation
def a_population_misspelt(place: Path) -> Iterator[Step]:
    asked = ["q"]
    (place / "pq.csv").write_text(POPULATION)
    yield lambda: load_population(asked[0], place), "Known: pq"
    asked[0] = "pq"


@situation
def an_audit_misspelt() -> Iterator[Step]:
    asked = ["gendr"]
    yield lambda: load_audit(asked[0]), "Did you mean 'gender'?"
    asked[0] = "gender"


@situation
def an_audit_of_another_name_than_its_file(place: Path) -> Iterator[Step]:
    file = place / "mine.yaml"
    file.write_text(SMALLEST)
    yield lambda: load_audit("mine", place), "Give both one name"
    file.write_text(SMALLEST.replace("audit: smallest", "audit: mine"))


@situation
def a_population_that_is_not_utf8(place: Path) -> Iterator[Step]:
    file = place / "p.csv"
    file.write_bytes(POPULATION.replace("title: T", "title: Erwerbstätige").encode("latin-1"))
    yield lambda: population(file), "Save it as UTF-8"
    file.write_text(file.read_text(encoding="latin-1"), encoding="utf-8")


@situation
def an_audit_that_may_not_be_read(place: Path, monkeypatch) -> Iterator[Step]:
    file = place / "a.yaml"
    file.write_text(SMALLEST)
    monkeypatch.setattr(Path, "read_text", refusing(Path.read_text))
    yield lambda: load_audit(str(file)), "Check the path and its permissions"
    monkeypatch.undo()


def refusing(read, *endings: str):
    """A user without the right to read such files: tests often run as one who may read everything."""

    def refused(path: Path, *args, **keys):
        if not endings or path.suffix in endings:
            raise PermissionError(13, "Permission denied")
        return read(path, *args, **keys)

    return refused
