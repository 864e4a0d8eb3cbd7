"""What a comparison says of a concept is one word: in SQL, on the page, on the terminal, and in what a policy says of it."""

import polars as pl
import pytest
from rich.console import Console

from mcas_assets.compare.versions import former_tables, of_pair
from mcas_assets.pages import comparison
from mcas_assets.pages.links import LiveLinks
from mcas_assets.policy.judge import judge
from mcas_assets.policy.load import load_policy
from mcas_assets.scoring.changes.changes import VERDICTS
from mcas_assets.store import ledger, publication
from mcas_assets.views.comparison import print_comparison

POLICY = """\
policy: word
title: Nothing leans further
audits: [tiny]
requirements:
  - {requirement: no-worsening, kind: worsening, stable: false}
"""


@pytest.fixture
def words(shown, tiny) -> dict[tuple[str, str], str]:
    """By axis and concept, the verdict by the first embedder in SQL."""
    rows = publication.query(shown.store, publication.questions()["what-changed"].read_text(encoding="utf-8"))
    pair = rows.filter(audit=shown.audit, before=shown.before, after=shown.after, embedder=tiny.embedders[0])
    return {(axis, concept): word for axis, concept, word in pair.select("axis", "concept", "verdict").iter_rows()}


def test_there_is_more_than_one_word_to_tell_apart(words):
    assert len(set(words.values())) > 1
    assert set(words.values()) <= set(VERDICTS)


def test_the_page_says_the_word_that_sql_says(words, shown, reader):
    section = comparison.section(reader, LiveLinks(reader.at), shown.audit, shown.before, shown.after)
    said = {(one["axis"], row["concept"]): row["verdict"] for one in section.context["axes"] for row in one["rows"]}
    assert said == words


def test_the_terminal_says_the_word_that_sql_says(words, shown, tiny):
    console = Console(record=True, width=200)
    tables = of_pair(former_tables(shown.store, tiny, shown.after), shown.before)
    print_comparison(console, tiny, tables, (None, None), every=True)
    lines = [line.split() for line in console.export_text().splitlines()]
    for concept in {concept for _, concept in words}:
        of_concept = [" ".join(line) for line in lines if line[:1] == [concept]][: len(tiny.axes)]
        expected = [words[axis, concept] for axis in tiny.axes]
        assert [next(word for word in VERDICTS if word in line) for line in of_concept] == expected


def test_a_policy_breaks_only_on_what_is_called_changed_and_names_the_word_where_it_does_not_judge(
    words, shown, tiny, tmp_path
):
    """As if the two versions were one after the other of one system, of which alone a policy judges that it leans further."""
    (tmp_path / "word.yaml").write_text(POLICY)
    with shown.store.open() as con:
        tables = {name: ledger.rows_of(con, name, tiny.audit, shown.after) for name in ("comparisons", "scores")}
    tables["comparisons"] = tables["comparisons"].with_columns(is_predecessor=pl.col("before") == shown.before)
    level = tiny.inference.level
    results = judge(load_policy(tmp_path / "word.yaml"), tiny.audit, shown.after, tables, {}, None, level)
    rows = results.filter(embedder=tiny.embedders[0])
    assert {(row["axis"], row["concept"]) for row in rows.iter_rows(named=True)} == set(words)
    for row in rows.iter_rows(named=True):
        word = words[row["axis"], row["concept"]]
        if row["status"] == "not judged":
            assert word == "underpowered"
            assert row["reason"].startswith(f"{word}: ")
        else:
            assert word == "changed" if row["status"] == "failed" else word in ("changed", "not shown")
    assert rows.filter(pl.col("status") != "passed").height
