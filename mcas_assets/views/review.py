"""What a policy said, where code is reviewed: Markdown for a pull request, and annotations of GitHub."""

import re
from collections.abc import Iterator
from pathlib import Path

from mcas_assets.core.errors import BadInput
from mcas_assets.policy.gate import Judged
from mcas_assets.policy.judge import FAILED, NOT_JUDGED, PASSED, overall
from mcas_assets.views.policy import MARKS, WORDS, by_requirement, farthest, numbers, place

_LEVELS = {FAILED: "error", NOT_JUDGED: "warning"}


def write_markdown(judged: Judged, path: Path) -> None:
    """Write Markdown: the status, a row a requirement, and below it what broke the requirements.

    Raises:
        BadInput: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(_lines(judged)) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadInput(path, f"cannot be written ({error.strerror})", "Give --markdown another place") from error


def _lines(judged: Judged) -> Iterator[str]:
    mark, _ = MARKS[judged.status]
    yield f"### {mark} Policy {_plain(judged.policy.policy)}: {WORDS[judged.status].lower()}"
    yield ""
    yield f"{_plain(judged.policy.title)}. Audit `{judged.audit}` of `{judged.system_version}`."
    yield ""
    yield "| | requirement | what must hold | judged | failed | open |"
    yield "|---|---|---|--:|--:|--:|"
    for requirement, rows in by_requirement(judged):
        mark, _ = MARKS[overall(rows)]
        n_failed, n_open = (rows.filter(status=word).height for word in (FAILED, NOT_JUDGED))
        counts = f"{rows.height - n_open} | {n_failed} | {n_open}"
        yield f"| {mark} | {_plain(requirement.requirement)} | {_plain(requirement.condition)} | {counts} |"
    for requirement, rows in by_requirement(judged):
        failed, open_ = rows.filter(status=FAILED), rows.filter(status=NOT_JUDGED)
        if not failed.is_empty():
            yield ""
            yield f"**{_plain(requirement.requirement)}** is not met. {_plain(requirement.why or '')}".rstrip()
            yield ""
            worst = farthest(failed)
            yield from (f"* {_plain(place(row))}: {_plain(numbers(row))}" for row in worst.iter_rows(named=True))
            if failed.height > worst.height:
                yield f"* and {failed.height - worst.height} more"
        if not open_.is_empty():
            yield ""
            yield f"**{_plain(requirement.requirement)}** cannot be judged, which is no pass:"
            yield ""
            reasons = open_["reason"].value_counts(sort=True).iter_rows()
            yield from (f"* {_plain(reason or '')} ({n} of {rows.height})" for reason, n in reasons)


def github_annotations(judged: Judged) -> Iterator[str]:
    """A workflow command for each requirement that is not met or cannot be judged: GitHub shows it beside job and commit."""
    for requirement, rows in by_requirement(judged):
        status = overall(rows)
        if status == PASSED:
            continue
        some = rows.filter(status=status)
        told = [f"{place(row)}: {numbers(row) or row['reason']}" for row in farthest(some).iter_rows(named=True)]
        title = f"{judged.policy.policy}: {requirement.requirement} {'is not met' if status == FAILED else 'cannot be judged'}"
        text = "\n".join([f"{judged.system_version}: {requirement.condition}. {requirement.why or ''}".rstrip(), *told])
        yield f"::{_LEVELS[status]} title={_property(title)}::{_data(text)}"


def _plain(text: str) -> str:
    """A text that is none of Markdown's or HTML's signs, on one line."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#|~!@])", r"\\\1", one_line)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
