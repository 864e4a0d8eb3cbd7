"""From a published table to a population: shares by hand, what has no value, and how a deployment's place finds it."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.audit import load_audit
from mcas_assets.declare.population_import import Occupation, population_of, read_occupations
from mcas_assets.declare.populations import chosen_populations, load_population
from mcas_assets.declare.published_tables import read_table
from tests.declare.published import write_table

OCCUPATIONS = [
    Occupation("engineer", ("21",), "Engineers"),
    Occupation("doctor", ("221",), "Doctors"),
    Occupation("both", ("21", "22"), "Both"),
    Occupation("farmer", ("61",), "Farmers"),
]


def imported(tmp_path, **options):
    return population_of(read_table(write_table(tmp_path)), OCCUPATIONS, "XA", **options)


def test_a_share_is_of_women_and_men_together_and_the_weight_their_number(tmp_path):
    made = imported(tmp_path)
    (tmp_path / "xa.csv").write_text(made.text)
    population = load_population("xa", tmp_path)
    assert population.shares["gender"] == {
        "engineer": {"woman": 0.2, "man": 0.8},
        "both": {"woman": round(85 / 150, 4), "man": round(65 / 150, 4)},
    }
    assert population.weights["gender"] == {"engineer": 50.0, "both": 150.0}
    assert (population.year, population.locale, population.licence) == (2023, "XA", "CC BY 4.0, the European Union")
    assert population.source == "Eurostat, lfsa_madeup, last updated 15/01/24 11:00:00"


def test_what_the_table_does_not_tell_has_no_value_and_is_named(tmp_path):
    """Of farmers only men are told; doctors are in a wider group, which holds nurses too."""
    made = imported(tmp_path)
    assert (made.concepts, made.missing) == (("engineer", "both"), ("doctor", "farmer"))


def test_a_wider_group_is_taken_where_that_is_asked_for_and_the_note_says_so(tmp_path):
    made = imported(tmp_path, wider=True)
    assert made.missing == ("farmer",)
    assert 'doctor,woman,0.75,100.0,"ISCO-08 22, wider than 221 Doctors"' in made.text
    assert "flags of the office: u" in made.text


def test_the_newest_year_is_taken_unless_another_is_asked_for(tmp_path):
    assert imported(tmp_path).year == 2023
    with pytest.raises(BadInput, match=r"--year: has no numbers of 2021\. It has 2022, 2023"):
        imported(tmp_path, year=2021)
    with pytest.raises(BadInput, match="has none of the groups that stand for 4 concepts"):
        imported(tmp_path, year=2022)


def test_a_place_that_the_table_lacks_is_refused_with_those_it_has(tmp_path):
    with pytest.raises(BadInput, match=r"--place: has no numbers of 'XC'.*XA"):
        population_of(read_table(write_table(tmp_path)), OCCUPATIONS, "XC")


def test_the_shipped_occupations_name_groups_of_isco_and_most_occupations_of_the_gender_audit():
    known = {one.concept: one for one in read_occupations()}
    asked = {one.concept for one in load_audit("gender").concepts if one.category == "occupations"}
    assert asked <= set(known)
    assert known["nurse"].groups == ("222", "322")


def test_occupations_that_are_none_are_refused(tmp_path):
    for line in ("nurse,22211,Nurses", "nurse,2x,Nurses", ",222,Nurses", "nurse,,Nurses"):
        (tmp_path / "own.csv").write_text(f"concept,isco,title\n{line}\n")
        with pytest.raises(BadInput, match="names no groups of ISCO-08"):
            read_occupations(tmp_path / "own.csv")


def test_a_population_is_found_by_name_by_locale_and_by_the_region_of_a_language(tmp_path):
    (tmp_path / "xa-2023.csv").write_text(imported(tmp_path).text)
    (tmp_path / "broken.csv").write_text("no head\n")
    audit = load_audit("gender")
    for asked in ("xa-2023", "XA", "xa", "de-XA", "de_XA"):
        assert chosen_populations([asked], audit, tmp_path) == ["xa-2023"], asked
    with pytest.raises(BadInput, match=r"is no population, and no locale of one for 'gender'.*Locales: XA"):
        chosen_populations(["XB"], audit, tmp_path)
    with pytest.raises(BadInput, match="is no population"):  # the locale is known, and speaks of no axis of this audit
        chosen_populations(["XA"], load_audit("skin-tone"), tmp_path)


def test_populations_that_are_chosen_stand_before_those_of_the_audit():
    audit = load_audit("gender").with_populations(["xa-2023", "parity"])
    assert audit.populations == ("xa-2023", "parity", "us-bls-cps-2022")
