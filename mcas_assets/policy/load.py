"""Reading a policy, as strictly as an audit: every mistake with file, line, key and remedy."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from mcas_assets.core.digests import document_digest
from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import policies_folder
from mcas_assets.declare.audit import Audit
from mcas_assets.declare.documents import (
    Parsed,
    Slug,
    Text,
    check,
    find_document,
    named_files,
    parse_yaml,
    read_text,
    require_name,
)
from mcas_assets.declare.mistakes import BadDocument, Mistake, did_you_mean
from mcas_assets.declare.parts import Names, Part
from mcas_assets.policy.requirements import KINDS_OF_REQUIREMENTS, Requirement


class Outline(Part):
    """A policy as it is written, its requirements still unread.

    Attributes:
        policy: Its name: that of its file, if it lies in the folder of policies.
        title: One line for people.
        description: For people.
        audits: The audits that it judges.
        requirements: What must hold, each by its kind.
    """

    policy: Slug
    title: Text
    description: str = ""
    audits: Names
    requirements: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)]


class Policy(Part):
    """One declared policy. `load_policy` reads it.

    Attributes:
        policy: Its name.
        title, description: What it is for, for people.
        audits: The audits that it judges.
        requirements: What must hold, in order.
        path: Its file.
    """

    path: Path
    policy: str
    title: str
    description: str
    audits: tuple[str, ...]
    requirements: tuple[Requirement, ...]

    def requirements_of(self, audit: str, stage: str | None = None) -> list[Requirement]:
        """The requirements that are asked of an audit (at one stage, if given)."""
        asked = [one for one in self.requirements if audit in (one.audits or self.audits)]
        return [one for one in asked if stage in (None, one.STAGE)] if audit in self.audits else []

    def document(self) -> list:
        """All that it asks, as JSON values: its name, its audits, its requirements."""
        # A name stands under the key that files had first, so that the digest of a policy which asks the same is the same: by
        # it a home knows what was declared before an image was drawn.
        asked = [
            {"rule": one.requirement, **one.model_dump(mode="json", exclude={"requirement"})}
            for one in self.requirements
        ]
        return [self.policy, list(self.audits), asked]

    def digest(self) -> str:
        """64 hex digits of all that it asks, whatever the layout of its file."""
        return document_digest(self.document())


def list_policies(folder: Path | None = None) -> dict[str, Path]:
    """The declared policies by name, in order of name. Nothing is read, so a broken file is listed too."""
    return named_files(folder or policies_folder())


def load_policy(name_or_path: str | Path, folder: Path | None = None) -> Policy:
    """Read and check one policy.

    Args:
        name_or_path: A name in `folder`, or the path of a YAML file.
        folder: Where named policies lie.

    Raises:
        BadInput: There is no such file, or it cannot be read. The message lists the policies there are.
        BadDocument: The file has mistakes. The message lists all of them.
    """
    path, asked = find_document(name_or_path, list_policies(folder), "policy")
    parsed = parse_yaml(read_text(path))
    if former := [parsed.locate(mistake) for mistake in _former_keys(parsed.value)]:
        raise BadDocument(path, former)
    outline, mistakes = check(parsed, Outline)
    raw = parsed.value.get("requirements") if isinstance(parsed.value, dict) else None
    entries = {i: entry for i, entry in enumerate(raw) if isinstance(entry, dict)} if isinstance(raw, list) else {}
    requirements = []
    for index, entry in entries.items():
        requirement, wrong = _requirement(parsed, index, entry)
        requirements.append(requirement)
        mistakes += wrong
    mistakes += map(parsed.locate, _across(entries, outline.audits if outline else ()))
    if mistakes or outline is None:
        raise BadDocument(path, sorted(mistakes, key=lambda mistake: mistake.line or 0))
    require_name(path, outline.policy, asked, "policy")
    about = outline.model_dump(include={"policy", "title", "description", "audits"})
    return Policy(**about, requirements=tuple(requirements), path=path)


def require_fit(policy: Policy, audit: Audit) -> None:
    """See that every name in a policy's requirements is one of the audit that they are asked of: a misspelt one judges nothing.

    Raises:
        BadInput: The policy does not judge this audit.
        BadDocument: A requirement names what the audit does not have.
    """
    if audit.audit not in policy.audits:
        remedy = f"Add it there, or name one of: {', '.join(policy.audits)}"
        raise BadInput(policy.path, f"does not judge audit {audit.audit!r}", remedy, "audits")
    groups = {group.name for axis in audit.axes.values() for group in axis.groups}
    known = {
        "axes": set(audit.axes),
        "embedders": set(audit.embedders),
        "categories": {concept.category for concept in audit.concepts} | {"neutral"},
        "concepts": {concept.concept for concept in audit.concepts} | {one.name for one in audit.neutral},
        "groups": groups,
        "population": set(audit.populations),
    }
    known["except_concepts"] = known["concepts"]
    mistakes = []
    for index, requirement in enumerate(policy.requirements):
        for field, names in known.items() if requirement in policy.requirements_of(audit.audit) else ():
            given = getattr(requirement, field, None) or ()
            for name in (given,) if isinstance(given, str) else given:
                if name not in names and not (requirement.kind == "calibration" and field in ("axes", "embedders")):
                    problem = f"names {name!r}, which audit {audit.audit!r} does not have"
                    mistakes.append(Mistake(("requirements", index, field), problem, did_you_mean(name, names)))
    if mistakes:
        parsed = parse_yaml(read_text(policy.path))
        raise BadDocument(policy.path, map(parsed.locate, mistakes))


def _former_keys(value: Any) -> Iterator[Mistake]:
    """The keys that files had before a rule of a policy was called a requirement: one mistake, not one for each that follows."""
    document = value if isinstance(value, dict) else {}
    if "rules" in document and "requirements" not in document:
        remedy = "Rename it to requirements, and the key rule of each entry to requirement"
        yield Mistake(("rules",), "is what requirements were called", remedy)
    entries = document.get("requirements")
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and "rule" in entry and "requirement" not in entry:
            yield Mistake(("requirements", index, "rule"), "is what requirement was called", "Rename it to requirement")


def _requirement(parsed: Parsed, index: int, raw: dict[str, Any]) -> tuple[Any, list[Mistake]]:
    at, kind = ("requirements", index), raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS_OF_REQUIREMENTS:
        problem = "is missing" if kind is None else f"is {kind!r}, which is no kind of requirement"
        mistake = Mistake((*at, "kind"), problem, did_you_mean(str(kind), KINDS_OF_REQUIREMENTS))
        return None, [parsed.locate(mistake)]
    lines = {path[2:]: line for path, line in parsed.lines.items() if path[:2] == at}
    model = KINDS_OF_REQUIREMENTS[kind]
    requirement, wrong = check(Parsed(raw, lines, ()), model, model.contradictions)
    return requirement, [Mistake((*at, *one.at), one.problem, one.remedy, one.line) for one in wrong]


def _across(entries: dict[int, dict[str, Any]], audits: Sequence[str]) -> Iterator[Mistake]:
    """What no single requirement shows."""
    first: dict[str, int] = {}
    for index, entry in entries.items():
        name = str(entry.get("requirement"))
        if first.setdefault(name, index) != index:
            problem = f"is {name!r}, as at requirements.{first[name]} already"
            yield Mistake(("requirements", index, "requirement"), problem, "Rename one of the two")
        asked = entry.get("audits")
        for audit in asked if isinstance(asked, list) and audits else ():
            if audit not in audits:
                problem = f"names {audit!r}, which is none of the policy's audits"
                yield Mistake(("requirements", index, "audits"), problem, did_you_mean(str(audit), audits))
