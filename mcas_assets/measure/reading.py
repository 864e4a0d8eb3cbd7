"""Whether everything that an audit says is read: by every text encoder of the system, and by every embedder.

Tokenizers cut off what is too long without a word, and a difference that is cut off is none: two prompts that are the same to
an encoder would be scored as two, with a test and an interval between them.
"""

from collections.abc import Iterator, Sequence

import polars as pl

from mcas_assets.core.errors import BadInput
from mcas_assets.core.texts import TextLimit
from mcas_assets.declare.audit import Audit
from mcas_assets.embedders.protocol import Embedder
from mcas_assets.plan.requests import build_plan, build_texts
from mcas_assets.systems.protocol import Limited, System

_SHOWN = 120  # characters of a text that are told


def require_read(audit: Audit, system: System, panel: Sequence[Embedder]) -> list[str]:
    """See that every prompt and text is read to its end, and told apart from those that it is compared with.

    Args:
        audit: The declaration. Its `cut_texts` says whether texts may be read in part.
        system: What draws; one that does not say what it reads is not looked at.
        panel: The embedders.

    Returns:
        What is read in part, a line each, where the audit allows that.

    Raises:
        BadInput: A text is read in part and the audit does not allow it, or two things are the same to an encoder.
    """
    plan, texts = build_plan(audit), build_texts(audit)
    named = plan.select(
        text="prompt", of=pl.concat_str("role", "axis", "pole", "concept", separator=":", ignore_nulls=True)
    )
    told = texts.select("text", of=pl.concat_str("kind", "axis", "pole", "concept", separator=":", ignore_nulls=True))
    limits = [(limit, named) for limit in (system.text_limits() if isinstance(system, Limited) else ())]
    limits += [(limit, told) for embedder in panel for limit in embedder.text_limits()]
    notes = [note for limit, given in limits for note in _cut(limit, given)]
    if notes and audit.cut_texts == "refuse":
        remedy = "Shorten the texts, or declare that they may be read in part: cut_texts: allow"
        raise BadInput(f"audit {audit.audit}", "; ".join(notes[:5]), remedy, "cut_texts")
    for limit, given in limits:
        _require_apart(audit, limit, given)
    return notes


def _cut(limit: TextLimit, given: pl.DataFrame) -> Iterator[str]:
    for text in given["text"].unique(maintain_order=True):
        if unread := limit.unread(text):
            yield f"{limit.reader} reads {limit.most} tokens, and not the end of {text[:_SHOWN]!r}: {unread[:_SHOWN]!r}"


def _require_apart(audit: Audit, limit: TextLimit, given: pl.DataFrame) -> None:
    uses = {text: set(part["of"]) for (text,), part in given.group_by("text")}
    for text, former in limit.alike(given["text"]):
        if uses[text] != uses[former]:  # two wordings of one thing may be one to an encoder
            problem = f"{text[:_SHOWN]!r} and {former[:_SHOWN]!r} are the same to {limit.reader}"
            remedy = "Word them so that what sets them apart is read, or leave one out"
            raise BadInput(f"audit {audit.audit}", problem, remedy, "prompts")
