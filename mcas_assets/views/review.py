"""What a policy said, where code is reviewed: Markdown for a pull request, and annotations of GitHub."""

import re
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.policy.gate import Judged
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED, overall
from mcas_assets.views.policy import MARKS, WORDS, by_rule, farthest, numbers, place

_LEVELS = {FAILED: "error", NOT_JUDGED: "warning"}


def write_markdown(judged: Judged, path: Path) -> None:
    """Write Markdown: the verdict, a row a rule, and below it what broke the rules.

    Raises:
        BadInput: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(_lines(judged)) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror})", "Give --markdown another place") from error


def _lines(judged: Judged) -> Iterator[str]:
    mark, _ = MARKS[judged.verdict]
    yield f"### {mark} Policy {_plain(judged.policy.policy)}: {WORDS[judged.verdict].lower()}"
    yield ""
    yield f"{_plain(judged.policy.title)}. Audit `{judged.audit}` of `{judged.system_version}`."
    yield ""
    yield "| | rule | what must hold | judged | failed | open |"
    yield "|---|---|---|--:|--:|--:|"
    for rule, rows in by_rule(judged):
        mark, _ = MARKS[overall(rows)]
        n_failed, n_open = (rows.filter(verdict=word).height for word in (FAILED, NOT_JUDGED))
        counts = f"{rows.height - n_open} | {n_failed} | {n_open}"
        yield f"| {mark} | {_plain(rule.rule)} | {_plain(rule.requirement)} | {counts} |"
    for rule, rows in by_rule(judged):
        failed, open_ = rows.filter(verdict=FAILED), rows.filter(verdict=NOT_JUDGED)
        if not failed.is_empty():
            yield ""
            yield f"**{_plain(rule.rule)}** is not met. {_plain(rule.why or '')}".rstrip()
            yield ""
            worst = farthest(failed)
            yield from (f"* {_plain(place(row))}: {_plain(numbers(row))}" for row in worst.iter_rows(named=True))
            if failed.height > worst.height:
                yield f"* and {failed.height - worst.height} more"
        if not open_.is_empty():
            yield ""
            yield f"**{_plain(rule.rule)}** cannot be judged, which is no pass:"
            yield ""
            reasons = open_["reason"].value_counts(sort=True).iter_rows()
            yield from (f"* {_plain(reason or '')} ({n} of {rows.height})" for reason, n in reasons)


def github_annotations(judged: Judged) -> Iterator[str]:
    """A workflow command for each rule that is not met or cannot be judged: GitHub shows it beside the job and the commit."""
    for rule, rows in by_rule(judged):
        verdict = overall(rows)
        if verdict == PASSED:
            continue
        some = rows.filter(verdict=verdict)
        told = [f"{place(row)}: {numbers(row) or row['reason']}" for row in farthest(some).iter_rows(named=True)]
        title = f"{judged.policy.policy}: {rule.rule} {'is not met' if verdict == FAILED else 'cannot be judged'}"
        text = "\n".join([f"{judged.system_version}: {rule.requirement}. {rule.why or ''}".rstrip(), *told])
        yield f"::{_LEVELS[verdict]} title={_property(title)}::{_data(text)}"


def _plain(text: str) -> str:
    """A text that is none of Markdown's or HTML's signs, on one line."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#|~!@])", r"\\\1", one_line)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
