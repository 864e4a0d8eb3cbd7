"""The question what systems made of prompts."""

from tests.sql.asking import ask
from tests.sql.rows import NEW


def test_what_a_system_made_of_prompts_stands_beside_them(published):
    columns = ("system_version", "revised_prompt", "images", "delivered")
    found = ask(published, "what-was-rewritten", *columns)
    assert {row[:2] for row in found} == {(NEW, "a nurse of no particular gender")}
    assert sum(row[2] for row in found) == 2
    assert sum(row[3] for row in found) == 0
