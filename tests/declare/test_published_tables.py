"""Published tables: each form is read to the same numbers, and what is no count of persons is refused."""

import pytest

from mcas_assets.core.errors import BadInput
from mcas_assets.declare.published_tables import read_table
from tests.declare.published import ILOSTAT_CSV, SDMX_CSV, json_stat, write_table

IN_2023 = {("22", "F", 75.0, ""), ("22", "M", 25.0, ""), ("21", "F", 10.0, "u"), ("21", "M", 40.0, "")}


def numbers(table, place: str) -> set:
    return {
        (row.occupation, row.sex, row.persons, row.flag)
        for row in table.rows
        if (row.place, row.year) == (place, 2023) and row.occupation != "61"
    }


def test_the_csv_of_eurostat_is_read_without_totals_and_without_what_is_not_told(tmp_path):
    table = read_table(write_table(tmp_path))
    assert numbers(table, "XA") == IN_2023
    assert (table.office, table.dataset, table.updated) == ("Eurostat", "lfsa_madeup", "15/01/24 11:00:00")
    assert [(row.sex, row.persons) for row in table.rows if row.occupation == "61"] == [("M", 30.0)]


def test_json_stat_gives_the_same_numbers(tmp_path):
    table = read_table(write_table(tmp_path, json_stat(), "table.json"))
    assert numbers(table, "XA") == IN_2023
    assert (table.dataset, table.updated) == ("lfsa_madeup", "2024-01-15T11:00:00+0100")


def test_json_stat_with_lists_for_values_and_places_is_the_same(tmp_path):
    data = json_stat()
    data["value"] = [50, 100, 10, 75, 40, 25]
    data["status"] = ["", "", "u", "", "", ""]
    data["dimension"]["isco08"]["category"] = {"index": ["OC21", "OC22"]}
    data["dimension"]["unit"]["category"] = {"label": {"THS_PER": "Thousand persons"}}
    assert numbers(read_table(write_table(tmp_path, data, "t.json")), "XA") == IN_2023


def test_the_csv_of_ilostat_gives_the_same_numbers_and_leaves_out_the_older_classification(tmp_path):
    table = read_table(write_table(tmp_path, ILOSTAT_CSV))
    assert numbers(table, "XAA") == {(one, sex, n, flag.upper()) for one, sex, n, flag in IN_2023}
    assert {row.year for row in table.rows} == {2023}
    assert "International Labour Organization" in table.licence


def test_codes_with_labels_and_the_separators_of_offices_are_read(tmp_path):
    labelled = SDMX_CSV.replace(",F,", ",F:Females,").replace(",M,", ",M:Males,").replace(",XA,", ",XA:Nowhere,")
    assert numbers(read_table(write_table(tmp_path, "\ufeff" + labelled.replace(",", ";"))), "XA") == IN_2023


def test_of_several_tables_the_one_that_is_meant_is_read(tmp_path):
    two = SDMX_CSV + SDMX_CSV.partition("\n")[2].replace("Y_GE15", "Y15-64").replace(",75,", ",7,")
    path = write_table(tmp_path, two)
    with pytest.raises(BadInput, match=r"age: holds several tables: Y15-64, Y_GE15\. Say which is meant: --only age="):
        read_table(path)
    assert numbers(read_table(path, {"age": "Y_GE15"}), "XA") == IN_2023


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "has neither the columns sex, isco08"),
        (SDMX_CSV.replace("THS_PER", "PC_EMP"), "unit: is PC_EMP, which counts no persons"),
        (ILOSTAT_CSV.replace("_NB_A", "_RT_A"), "indicator: is EMP_TEMP_SEX_OC2_RT_A, which counts no persons"),
        (SDMX_CSV.replace(",2023,75,", ",2023-Q1,75,"), "is '2023-Q1', no year"),
        (SDMX_CSV.replace(",2023,75,", ",2023,many,"), "is 'many', no number of persons"),
        (SDMX_CSV.replace(",2023,75,", ",2023,-1,"), "is '-1', no number of persons"),
        (SDMX_CSV.replace(",OC", ",C"), "has no number of women or men in a group of ISCO-08"),
        ('{"version": "2.0", "class": "collection"}', "is no dataset of JSON-stat 2.0"),
        ('{"version": ', "is no dataset of JSON-stat 2.0"),
        (json_stat() | {"size": [1, 1, 3, 1, 5, 1, 1]}, "over sex, isco08, geo and time"),
        (json_stat() | {"value": {"x": 1}}, "is no dataset of JSON-stat 2.0"),
    ],
)
def test_what_is_no_table_of_persons_is_refused_in_one_sentence(tmp_path, text, message):
    with pytest.raises(BadInput, match=message):
        read_table(write_table(tmp_path, text))
