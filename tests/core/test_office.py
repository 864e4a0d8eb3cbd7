"""Text and tables as offices write them."""

import csv

import pytest

from mcas_assets.core.office import encoding_of, office_table, separator_of

ROWS = [["concept", "note"], ["nurse", "né à Sète, 1990"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_is_read_in_every_marked_encoding_separator_and_line_end(tmp_path, encoding, separator, end):
    path = tmp_path / "table.csv"
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=separator, lineterminator=end).writerows(ROWS)
    with office_table(path) as (stream, found):
        assert list(csv.reader(stream, delimiter=found)) == ROWS


def test_a_first_line_that_tells_the_separator_to_a_spreadsheet_is_passed(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("sep=;\na;b\n1;2\n")
    with office_table(path) as (stream, separator):
        assert list(csv.reader(stream, delimiter=separator)) == [["a", "b"], ["1", "2"]]


def test_separators_within_quotes_do_not_count():
    assert separator_of('"a, or b, or c";share') == ";"


def test_what_is_not_marked_is_taken_for_utf_8(tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xe9t\xe9")
    assert encoding_of(path) == "utf-8"
