"""Which records of an image set count for which prompt of an audit, and the account of what did and what did not.

The counterpart of `plan` for systems whose images are given and not drawn (`Capabilities.images`): the set decides how many
images a prompt has, a seed may be unknown, and what it lacks is said and not asked for. Keeping the images is `given`.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import polars as pl

from mcas_assets.core.digests import rows_digest
from mcas_assets.core.errors import BadInput, SystemMoved
from mcas_assets.declare.audit import Audit
from mcas_assets.plan.requests import build_plan
from mcas_assets.store.schema import frame_schema
from mcas_assets.systems.image_sets.wording import normal
from mcas_assets.systems.protocol import Contents, ImageSet

MOST_UNMATCHED = 10_000  # prompts of a set that are listed though the audit does not ask them
USE = ["prompt_id", "prompt", "role", "axis", "pole", "category", "concept"]
MatchedHow = Literal["declared", "exact", "normalised", "rewritten"]
"""How a prompt of a set is known to be one of an audit's."""
Match = Literal[MatchedHow, "absent", "lacking", "unmatched", "further", "promptless", "filtered", "unlisted"]
"""What a row of `import_account` counts."""
MATCHED: tuple[MatchedHow, ...] = get_args(MatchedHow)
MATCHES: tuple[Match, ...] = get_args(Match)
_RECORDS = {"place": pl.Int64, "record": pl.String, "set_prompt": pl.String, "prompt": pl.String, "seed": pl.Int64}


@dataclass(frozen=True)
class Matched:
    """What of a set counts for an audit.

    Attributes:
        wanted: One row per image and use of it, in the plan's order of uses and the set's order of records: the plan's
            columns but batch_id and position, replicate counted within the set, seed null where unknown, and image_id,
            place, record, set_prompt.
        account: The rows of `import_account`, without outcomes.
    """

    wanted: pl.DataFrame
    account: pl.DataFrame

    @property
    def lacking(self) -> list[str]:
        """Prompts of the audit that the set has nothing for."""
        return self.account.filter(match="lacking")["prompt"].unique(maintain_order=True).to_list()

    def line(self) -> str:
        """What matched, in one line."""
        return describe(self.account)

    def lines(self) -> Iterator[str]:
        """What matched, and what the set lacks."""
        yield self.line()
        for prompt in self.lacking:
            yield f"lacking: {prompt}"


def describe(account: pl.DataFrame) -> str:
    """An account in one line."""
    of_set = account.filter(~pl.col("match").is_in(["lacking", "filtered", "unlisted"])).unique(["set_prompt", "match"])
    counted = of_set.filter(pl.col("match").is_in(MATCHED))
    asked, lacking = (
        account["prompt"].drop_nulls().n_unique(),
        account.filter(match="lacking")["prompt"].unique(maintain_order=True),
    )
    line = (
        f"import: {counted['n_records'].sum():,} of {of_set['n_records'].sum():,} records count, "
        f"for {asked - len(lacking)} of the audit's {asked} prompts"
    )
    return f"{line}; the set lacks {_some(lacking.to_list())}" if len(lacking) else line


def record_id(system_version: str, record: str) -> str:
    """64 hex digits that stand for one imported image: which record of which version of a set."""
    identity = [system_version, "record", record]
    return rows_digest(identity)


def match(audit: Audit, plan: pl.DataFrame, system: ImageSet, system_version: str) -> Matched:
    """Which records of a set count for which prompt of an audit, and what of both is left over. Reads no image.

    A prompt of the set counts as one of the audit's that the system's `prompts` declare for it, else as the one that is
    equal to it, else as the first whose normal form is (`wording.normal`).

    Args:
        audit: The declaration.
        plan: Its plan; only the uses of prompts count, not the replicates.
        system: The set.
        system_version: The version that is asked for.

    Raises:
        SystemMoved: The set is another version by now.
        BadInput: No record counts for any prompt.
    """
    now = system.identity().version
    if now != system_version:
        remedy = f"Audit what it is now (mcas audit --system {system.name}), or put the former files and mapping back"
        raise SystemMoved(system_version, f"{system.name} is {now} by now", remedy)
    uses = plan.select(USE).unique(maintain_order=True)
    finder = _Finder(uses["prompt"].unique(maintain_order=True).to_list(), system)
    records = finder.read()
    ids = pl.Series([record_id(system_version, record) for record in records["record"]], dtype=pl.String)
    records = records.with_columns(image_id=ids, replicate=pl.int_range(pl.len(), dtype=pl.Int32).over("prompt"))
    wanted = uses.join(records, on="prompt", how="inner", maintain_order="left_right")
    account = _account(uses, finder, system.manifest)
    key = {"audit": audit.audit, "system_version": system_version}
    account = account.with_columns(pl.lit(value).alias(name) for name, value in key.items())
    if wanted.is_empty():
        if finder.absent and not finder.unmatched:
            problem = f"holds none of the {finder.absent:,} files that it names: {finder.first_absent}"
            raise BadInput(
                f"{system.name}, audit {audit.audit}", problem, "Fetch or unpack the files, or correct file:"
            )
        asked, there = finder.prompts, list(finder.unmatched)
        problem = f"none of its prompts ({_some(there)}) is one of the audit's ({_some(asked)})"
        remedy = "Map them with prompts: or rewrite:, give another template, or write an audit with the set's prompts"
        raise BadInput(f"{system.name}, audit {audit.audit}", problem, remedy, "prompt")
    columns = [*USE, "replicate", "seed", "image_id", "place", "record", "set_prompt"]
    return Matched(wanted.select(columns), account.select(list(frame_schema("import_account"))))


def holding(audit: Audit, system: ImageSet) -> Matched:
    """What a set has for an audit, before anything is run.

    Raises:
        BadInput: The set cannot be used, or nothing of it counts.
    """
    return match(audit, build_plan(audit), system, system.identity().version)


def account_table(matched: Matched, images: pl.DataFrame) -> pl.DataFrame:
    """The rows of `import_account`, with what came of the records."""
    by = ["set_prompt", *USE]
    outcomes = matched.wanted.select("image_id", *by).join(
        images.select("image_id", "outcome").unique("image_id"), on="image_id", how="inner"
    )
    counts = outcomes.group_by(*by, "outcome").len().sort("outcome")
    counted = {
        key: (json.dumps(dict(part.select("outcome", "len").iter_rows())), int(part.filter(outcome="ok")["len"].sum()))
        for key, part in counts.group_by(*by, maintain_order=True)
    }
    rows = matched.account.to_dicts()
    for row in rows:
        row["outcomes"], row["n_ok"] = counted.get(tuple(row[name] for name in by), (None, None))
    return pl.DataFrame(rows, schema=frame_schema("import_account"))


def expected(account: pl.DataFrame) -> pl.DataFrame:
    """The requests that an account stands for: one row per record that counts, by use, numbered within the prompt."""
    counted = (
        account.filter(pl.col("match").is_in(MATCHED)).group_by(USE, maintain_order=True).agg(pl.col("n_records").sum())
    )
    ranges = pl.int_ranges(pl.col("n_records"), dtype=pl.Int32).alias("replicate")
    return counted.with_columns(ranges).explode("replicate").drop("n_records")


class _Finder:
    """Goes through a set once, and sorts its records by what they count as.

    Attributes:
        prompts: Those of the audit.
        matched: By prompt of the set: (what it counts as, how that is known, records).
        unmatched: By prompt of the set: records, for the first `MOST_UNMATCHED`.
        further: (prompts, records) beyond those; the prompts are counted once a piece of the set.
        promptless: Records without a prompt.
        absent: Records whose file is not there: they say nothing of the system, whatever their prompt.
        first_absent: What is said of the first of them.
    """

    def __init__(self, prompts: list[str], system: ImageSet) -> None:
        self.prompts, self._system = prompts, system
        self._exact = set(prompts)
        self._normal = {normal(prompt): prompt for prompt in reversed(prompts)}
        self.matched: dict[str, tuple[str, MatchedHow, int]] = {}
        self.unmatched: Counter[str] = Counter()
        self.first_absent: str | None = None
        self.further = self.promptless = self.absent = 0

    def read(self) -> pl.DataFrame:
        """place, record, set_prompt, prompt (of the audit), seed of all records that count, in the set's order."""
        parts = [pl.DataFrame(schema=_RECORDS)]
        for piece in self._system.records():
            is_absent = pl.col("outcome").eq_missing("missing")
            self.absent += piece.filter(is_absent).height
            self.first_absent = self.first_absent or next(iter(piece.filter(is_absent)["reason"]), None)
            piece = piece.filter(~is_absent)
            for prompt, count in piece.group_by("prompt", maintain_order=True).len().iter_rows():
                self._sort(prompt, count)
            targets = pl.DataFrame(
                {"set_prompt": list(self.matched), "prompt": [target for target, _, _ in self.matched.values()]},
                schema={"set_prompt": pl.String, "prompt": pl.String},
            )
            records = piece.select("place", "record", pl.col("prompt").alias("set_prompt"), "seed")
            joined = records.join(targets, on="set_prompt", how="inner", maintain_order="left")
            parts.append(joined.select(list(_RECORDS)))
        return pl.concat(parts).sort("place")

    def _sort(self, prompt: str | None, count: int) -> None:
        if prompt is None:
            self.promptless += count
            return
        known = self.matched.get(prompt)
        if known is not None:
            self.matched[prompt] = (*known[:2], known[2] + count)
            return
        target, how = self._find(prompt)
        if target is not None:
            self.matched[prompt] = (target, how, count)
        elif prompt in self.unmatched or len(self.unmatched) < MOST_UNMATCHED:
            self.unmatched[prompt] += count
        else:
            self.further += count

    def _find(self, prompt: str) -> tuple[str | None, MatchedHow]:
        wanted, is_declared = self._system.counts_as(prompt)
        target = wanted if wanted in self._exact else self._normal.get(normal(wanted))
        if is_declared:
            return target, "declared"
        if wanted != prompt:
            return target, "rewritten"
        return target, "exact" if target == prompt else "normalised"


def _account(uses: pl.DataFrame, finder: _Finder, contents: Contents) -> pl.DataFrame:
    by_prompt = {key[0]: part.to_dicts() for key, part in uses.group_by("prompt", maintain_order=True)}
    rows: list[dict] = []
    for prompt, (target, how, count) in finder.matched.items():
        rows += [{"set_prompt": prompt, "match": how, "n_records": count} | use for use in by_prompt[target]]
    there = {target for target, _, _ in finder.matched.values()}
    for prompt in finder.prompts:
        if prompt not in there:
            detail = "the set has no such prompt"
            rows += [{"match": "lacking", "n_records": 0, "detail": detail} | use for use in by_prompt[prompt]]
    detail = "no prompt of the audit says it"
    rows += [
        {"set_prompt": prompt, "match": "unmatched", "n_records": count, "detail": detail}
        for prompt, count in finder.unmatched.most_common()
    ]
    if finder.further:
        detail = f"more prompts that the audit does not ask, beyond the {MOST_UNMATCHED:,} listed"
        rows.append({"match": "further", "n_records": finder.further, "detail": detail})
    if finder.absent:
        detail = f"their files are not there, so that they count for nothing: {finder.first_absent}"
        rows.append({"match": "absent", "n_records": finder.absent, "detail": detail})
    if finder.promptless:
        rows.append({"match": "promptless", "n_records": finder.promptless, "detail": "the records have no prompt"})
    rows += [
        {"match": "filtered", "n_records": count, "detail": f"not of this system: {value}"}
        for value, count in contents.filtered.items()
    ]
    if contents.unlisted:
        detail = "files of the set that no record names"
        rows.append({"match": "unlisted", "n_records": contents.unlisted, "detail": detail})
    return pl.DataFrame(rows, schema=frame_schema("import_account"))


def _some(prompts: list[str]) -> str:
    return ", ".join(repr(prompt[:80]) for prompt in prompts[:3]) + (
        f" and {len(prompts) - 3:,} more" if prompts[3:] else ""
    )
