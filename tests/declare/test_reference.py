"""The reference data against itself and against the audits and populations that are made from it."""

import csv
from decimal import Decimal

import pytest

from mcas_assets.core.paths import DATA
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.populations import load_population


def read(name: str) -> list[dict[str, str]]:
    with (DATA / "reference" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def last_digit(text: str) -> Decimal:
    """One unit of the last digit of a printed decimal fraction."""
    return Decimal(10) ** -len(text.partition(".")[2])


SCORES = read("mcas_published_scores.csv")


def test_the_published_scores_are_56_of_28_concepts():
    assert len({row["concept"] for row in SCORES}) == len(SCORES) == 28


@pytest.mark.parametrize("system", ["dalle2", "sd"])
@pytest.mark.parametrize("row", SCORES, ids=lambda row: row["concept"])
def test_a_published_score_is_the_sum_of_its_components_as_printed(row, system):
    components = [row["ttas_both"], *(row[f"{system}_{name}"] for name in ("iias", "itpas", "itaas"))]
    total = row[f"{system}_mcas"]
    # Each number was rounded when printed, by at most half a unit of its last digit.
    rounding = sum(last_digit(text) for text in (*components, total)) / 2
    assert abs(sum(map(Decimal, components)) - Decimal(total)) <= rounding


@pytest.mark.parametrize("row", SCORES, ids=lambda row: row["concept"])
def test_a_published_concept_stands_in_the_gender_audit_as_published(row):
    concepts = {concept.concept: concept for concept in load_audit("gender").concepts}
    concept = concepts[row["concept"].lower().replace("_", "-")]
    assert concept.prompts == (row["prompt"],)
    assert concept.category == row["category"].lower()


def test_the_gender_audit_holds_no_concept_beyond_the_published():
    assert len(load_audit("gender").concepts) == len(SCORES)


def test_every_share_of_the_us_population_is_that_of_the_row_it_names():
    women = {row["occupation"]: row["pct_women"] for row in read("bls_cps_table11_2022.csv")}
    with (DATA / "populations" / "us-bls-cps-2022.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    for row in rows:
        share = Decimal(women[row["note"]]) / 100
        assert Decimal(row["share"]) == (share if row["group"] == "woman" else 1 - share), row
    assert {row["group"] for row in rows} == {"woman", "man"}


@pytest.mark.parametrize("audit", ["gender", "phantom"])
def test_every_occupation_of_the_audits_has_a_us_share(audit):
    population = load_population("us-bls-cps-2022")
    gender = load_audit(audit).axes["gender"]
    groups = [group.name for group in gender.groups]
    for concept in load_audit(audit).concepts:
        shares = [population.share("gender", concept.concept, group, groups) for group in groups]
        known = concept.category == "occupations"
        assert [share is not None for share in shares] == [known, known], concept.concept


def test_a_row_without_a_value_is_absent_from_the_us_population():
    without = [row["occupation"] for row in read("bls_cps_table11_2022.csv") if row["pct_women"] == "\N{EN DASH}"]
    assert without == ["Surgeons", "Athletes and sports competitors"]
    text = (DATA / "populations" / "us-bls-cps-2022.csv").read_text(encoding="utf-8")
    assert not any(name in line for line in text.splitlines() for name in without if not line.startswith("#"))


def test_the_readme_names_every_reference_file():
    text = (DATA / "reference" / "README.md").read_text(encoding="utf-8")
    assert all(path.name in text for path in (DATA / "reference").glob("*.csv"))
