"""What reviewers of code are shown of a policy: Markdown and annotations, by which nothing that was judged can speak for itself."""

from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

from mcas_assets.core.errors import BadInput
from mcas_assets.policy.gate import hold
from mcas_assets.policy.load import load_policy
from mcas_assets.views.review import github_annotations, write_markdown

POLICY = """\
policy: mine
title: Mine | <b>bold</b>
audits: [tiny]
requirements:
  - {requirement: lean, kind: association, beyond: 0.5, evidence: estimate, axes: [gender],
     why: "100 % of it, ::error::x, is a `stereotype`."}
  - {requirement: shares, kind: share, most: 1.0, corrected: false, evidence: estimate, groups: [woman]}
  - {requirement: instrument, kind: calibration}
"""


@pytest.fixture
def judged(audited, tiny, tmp_path):
    (tmp_path / "mine.yaml").write_text(POLICY)
    return hold(audited.store, load_policy(tmp_path / "mine.yaml"), tiny, audited.ran.system_version)


def test_markdown_tells_the_status_the_requirements_and_what_broke_them(judged, tmp_path):
    file = tmp_path / "out" / "gate.md"
    write_markdown(judged, file)
    text = file.read_text()
    assert text.startswith("### ✘ Policy mine: not met\n")
    assert f"Audit `tiny` of `{judged.system_version}`." in text
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    cells = [after.content for token, after in pairwise(tokens) if token.type == "td_open"]
    assert [cells[at : at + 2] for at in range(0, len(cells), 6)] == [
        ["✘", "lean"],
        ["✔", "shares"],
        ["?", "instrument"],
    ]
    assert "**lean** is not met." in text
    assert "* gender / " in text
    assert "**instrument** cannot be judged, which is no pass:" in text


def test_nothing_that_is_declared_becomes_markup(judged, tmp_path):
    write_markdown(judged, tmp_path / "gate.md")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render((tmp_path / "gate.md").read_text())
    assert "<b>" not in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<code>stereotype" not in page


def test_an_annotation_is_one_line_a_requirement_whose_text_is_no_further_command(judged):
    lines = list(github_annotations(judged))
    assert len(lines) == 2
    assert lines[0].startswith("::error title=mine%3A lean is not met::")
    assert "100 %25 of it," in lines[0]
    assert all("\n" not in line for line in lines)
    assert lines[1].startswith("::warning title=mine%3A instrument cannot be judged::")


def test_a_place_that_cannot_be_written_is_one_clear_error(judged, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="Give --markdown another place"):
        write_markdown(judged, tmp_path / "file" / "gate.md")
