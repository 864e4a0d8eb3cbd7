"""Tables that statistics offices published, and the populations that are made of them."""

import json
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.cli.app import app
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.population_import import Occupation, population_of, read_occupations
from mcas_assets.declare.populations import chosen_populations
from mcas_assets.declare.published_tables import read_table
from tests.declare.published import ILOSTAT_CSV, SDMX_CSV, json_stat, write_table
from tests.remedies.situations import Step, edits, situation

JSON = json.dumps(json_stat())
AGAIN = "Download it again, as JSON-stat or SDMX-CSV from Eurostat, or as CSV with codes from ILOSTAT"
ENGINEERS = [Occupation("engineer", ("21",), "Engineers")]

EUROSTAT_TABLE = edits("table of Eurostat", "t.csv", SDMX_CSV, read_table, [
    ("sex,age,isco08", "sex,age,job", AGAIN),
    ("THS_PER,F,Y_GE15,OC22,XA,2022", "PC,F,Y_GE15,OC22,XA,2022", "Say which is meant: --only unit=PC"),
    ("2022,70", "2022-Q1,70", "Download yearly numbers"),
    ("2022,70", "2022,many", AGAIN),
    (SDMX_CSV.partition("\n")[2], "", "Download it by sex and occupation, with codes (OC22, OC2_ISCO08_22)"),
])  # fmt: skip
PERCENT_TABLE = edits("percentages", "t.csv", SDMX_CSV.splitlines()[0] + "\n" + SDMX_CSV.splitlines()[1] + "\n", read_table, [
    ("THS_PER", "PC", "Download it in persons (THS_PER)"),
])  # fmt: skip
ILOSTAT_TABLE = edits("table of ILOSTAT", "t.csv", ILOSTAT_CSV, read_table, [
    (ILOSTAT_CSV, ILOSTAT_CSV.replace("_NB_A", "_RT_A"), "for example EMP_TEMP_SEX_OC2_NB_A"),
])  # fmt: skip
JSON_TABLE = edits("table in JSON", "t.json", JSON, read_table, [
    ('"sex"', '"sx"', AGAIN),
    ('"dataset"', '"dataset",,', AGAIN),
    ('[1, 1, 3', '[1, 1, 2', AGAIN),
])  # fmt: skip
OCCUPATIONS_TABLE = edits("occupations", "o.csv", "concept,isco,title\nnurse,222,Nurses\n", read_occupations, [
    ("222", "22211", "a group as its digits, several as 214+215"),
])  # fmt: skip


@situation
def a_table_that_is_not_there(place: Path) -> Iterator[Step]:
    yield lambda: read_table(place / "t.csv"), AGAIN
    write_table(place, name="t.csv")


@situation
def occupations_that_are_not_there(place: Path) -> Iterator[Step]:
    yield lambda: read_occupations(place / "o.csv"), "Write concept,isco,title above the lines"
    (place / "o.csv").write_text("concept,isco,title\nnurse,222,Nurses\n")


@situation
def one_of_several_tables_misspelt(place: Path) -> Iterator[Step]:
    only = {"age": "Y_GE16"}
    yield lambda: read_table(write_table(place), only), "Did you mean 'Y_GE15'?"
    only["age"] = "Y_GE15"


@situation
def a_place_year_and_group_that_the_table_lacks(place: Path) -> Iterator[Step]:
    asked: dict = {"place": "XC"}
    yield lambda: population_of(read_table(write_table(place)), ENGINEERS, **asked), "Known: XA, XB"
    asked["place"] = "XA"


@situation
def a_year_that_the_table_lacks(place: Path) -> Iterator[Step]:
    asked: dict = {"year": 2021}
    yield lambda: population_of(read_table(write_table(place)), ENGINEERS, "XA", **asked), "It has 2022, 2023"
    asked["year"] = 2023


@situation
def groups_that_the_table_lacks(place: Path) -> Iterator[Step]:
    asked: dict = {"wider": False}
    one = [Occupation("doctor", ("221",), "Doctors")]
    yield lambda: population_of(read_table(write_table(place)), one, "XA", **asked), "or give wider groups with --wider"
    asked["wider"] = True


@situation
def a_population_outside_of_a_project(place: Path, monkeypatch) -> Iterator[Step]:
    monkeypatch.chdir(place)
    monkeypatch.delenv("MCAS_PROJECT", raising=False)
    words = ["population", str(write_table(place)), "--name", "xa", "--place", "XA"]
    yield lambda: app([*words], standalone_mode=False), "Give --output NAME.csv"
    words += ["--output", str(place / "xa.csv")]


@situation
def a_population_that_is_there_already(place: Path) -> Iterator[Step]:
    (place / "xa.csv").write_text("mine")
    words = ["population", str(write_table(place)), "--name", "xa", "--place", "XA", "--output", str(place / "xa.csv")]
    yield lambda: app([*words], standalone_mode=False), "Give another --name, or remove it first"
    (place / "xa.csv").unlink()


@situation
def a_code_without_its_column(place: Path) -> Iterator[Step]:
    words = [
        "population",
        str(write_table(place)),
        "--name",
        "xa",
        "--place",
        "XA",
        "--output",
        str(place / "xa.csv"),
        "--only",
        "Y_GE15",
    ]
    yield lambda: app([*words], standalone_mode=False), "Write COLUMN=CODE, for example age=Y_GE15"
    words[-1] = "age=Y_GE15"


@situation
def a_locale_without_a_population() -> Iterator[Step]:
    asked = ["XA"]
    yield lambda: chosen_populations(asked, load_audit("gender")), "Locales: US"
    asked[0] = "US"
