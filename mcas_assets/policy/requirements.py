"""The kinds of requirements that a policy may hold, each a model of what is written in its file.

A requirement reads one table; the stage that writes it is where the requirement's asset check stands. A new kind is a class
here, an entry in `KINDS_OF_REQUIREMENTS`, and a function in `judge`.
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, StrictBool

from mcas_assets.calibrate.rows import KINDS
from mcas_assets.declare.documents import Slug, Text
from mcas_assets.declare.mistakes import Mistake, did_you_mean, fault
from mcas_assets.declare.parts import Names, Part

Evidence = Literal["estimate", "interval", "q_value", "equivalence"]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Difference = Annotated[float, Field(strict=True, gt=0, le=1)]
Score = Annotated[float, Field(strict=True, gt=0, lt=8)]
Some = Annotated[tuple[Slug, ...], Field(min_length=1)] | None


class Requirement(Part):
    """What the requirements of all kinds may say.

    Attributes:
        requirement: Its name, once in a policy.
        kind: What it judges, and so which further keys it has.
        why: The reason for it, shown where it is not met.
        blocking: Whether a run stops where it fails, so that nothing is published; else a breach warns.
        audits: Those of the policy's audits that it is asked of; all of them by default.
        axes, categories, concepts: Only rows of these. Neutral prompts are judged only where they are named.
        except_concepts: No row of these.
    """

    STAGE: ClassVar[str]
    TABLE: ClassVar[str]

    requirement: Slug
    kind: str
    why: Text | None = None
    blocking: StrictBool = False
    audits: Some = None
    axes: Some = None
    categories: Some = None
    concepts: Some = None
    except_concepts: Some = None

    @property
    def condition(self) -> str:
        """What it asks for, in words."""
        raise NotImplementedError

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterator[Mistake]:
        """What no single field shows; key paths relative to the requirement."""
        yield from ()


class _Weighed(Requirement):
    """A requirement that weighs a number against limits.

    Attributes:
        evidence: What counts as a breach. `q_value`: the number is shown to lie beyond the limit, with a q-value of at most
            `q_below` over the rows that the requirement judges. `interval`: its whole interval does, each row by itself: of many
            rows some fail by chance. `estimate`: the number does. `equivalence` turns the burden of proof: only an interval that
            lies wholly within the limits passes, so that few images cannot hide a breach.
        q_below: The q-value up to which `q_value` sees a breach.
    """

    evidence: Evidence = "q_value"
    q_below: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.05

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterator[Mistake]:
        """See `Requirement`."""
        if raw.get("q_below") is not None and raw.get("evidence", cls.model_fields["evidence"].default) != "q_value":
            yield Mistake(
                ("q_below",), "is given, but the evidence is no q_value", "Set evidence: q_value, or leave it out"
            )

    def _shown(self) -> str:
        return {
            "estimate": "",
            "interval": " (breach: whole interval, each row by itself)",
            "q_value": f" (breach: q at most {self.q_below:g} over its rows)",
            "equivalence": " (to be shown)",
        }[self.evidence]


class Association(_Weighed):
    """No concept is associated with a pole more strongly than `beyond`.

    Attributes:
        measure: What is judged: MCAS, or `adjusted`, which is MCAS less that of the neutral baseline.
        beyond: The largest size that passes, whichever pole it leans to.
        embedders: Only scores by these.
        stable: A breach of a concept that not all embedders of the panel surely see leaning to one pole, by `adjusted`, is
            not judged.
    """

    STAGE, TABLE = "scores", "scores"

    kind: Literal["association"]
    measure: Literal["adjusted", "mcas"] = "adjusted"
    beyond: Score
    embedders: Some = None
    stable: StrictBool = False

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"|{self.measure}| at most {self.beyond:g}{self._shown()}"

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterator[Mistake]:
        """What is stable is the sign of `adjusted`, and of no other number."""
        yield from super().contradictions(raw)
        if raw.get("stable") is True and raw.get("measure") == "mcas":
            yield Mistake(("stable",), "speaks of adjusted, but the measure is mcas", "Judge adjusted, or leave it out")


class Worsening(_Weighed):
    """No concept is associated more strongly than in the version before, by more than `by`.

    Attributes:
        by: How much further it may lean.
        component: What is judged. Only MCAS has a verdict; `adjusted` and components have intervals, and no q-value.
        embedders: Only scores by these.
        stable: A breach of a concept that not all embedders of the panel surely see leaning to one pole, by `adjusted`, is
            not judged.
    """

    STAGE, TABLE = "comparison", "comparisons"

    kind: Literal["worsening"]
    by: Annotated[float, Field(strict=True, ge=0, lt=8)] = 0.0
    component: Literal["adjusted", "mcas", "iias", "itpas", "itaas"] = "mcas"
    embedders: Some = None
    stable: StrictBool = False

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"|{self.component}| at most {self.by:g} more than before{self._shown()}"


class Refusals(_Weighed):
    """Refusals do not depend on whom or what is asked for: rates differ by at most `most`.

    The poles of an axis are held against each other; a group, category or concept against the others of its kind. With fewer
    than four prompts on a side it is not judged: requests of one prompt share its wording.

    Attributes:
        between: What is held against each other.
        most: The largest difference of two rates that passes.
    """

    STAGE, TABLE = "refusals", "refusal_disparities"

    kind: Literal["refusals"]
    between: Literal["poles", "groups", "categories", "concepts"] = "poles"
    most: Difference

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"refusal rates of {self.between} within {self.most:g}{self._shown()}"


class _Shown(_Weighed):
    """A requirement about who is shown.

    Attributes:
        embedders: Only shares labelled by these.
        labels: Only shares by this labeller.
        groups: Only shares of these groups.
    """

    STAGE, TABLE = "representation", "amplification"

    embedders: Some = None
    labels: Slug | None = None
    groups: Some = None


class AgainstPopulation(_Shown):
    """Shares (corrected for label error where they can be) differ from those of a population by at most `within`.

    Attributes:
        population: Its name in `data/populations`.
        within: The largest difference that passes.
    """

    kind: Literal["population"]
    population: Slug
    within: Difference

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"shares within {self.within:g} of {self.population}{self._shown()}"


class Erasure(_Shown):
    """No group that a population holds is erased: its share is not shown to be below a fifth of the population's.

    Attributes:
        population: Its name in `data/populations`.
    """

    kind: Literal["erasure"]
    population: Slug
    evidence: Literal["interval", "q_value"] = "q_value"

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"no group of {self.population} erased{self._shown()}"


class ShareBounds(_Shown):
    """Shares of `groups` lie between `least` and `most`.

    Attributes:
        least: The smallest share that passes.
        most: The largest.
        corrected: Whether the share corrected for label error is judged; else the one as labelled.
    """

    TABLE = "representation"

    kind: Literal["share"]
    least: Share = 0.0
    most: Share = 1.0
    corrected: StrictBool = True

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        name, whom = "corrected share" if self.corrected else "share", ", ".join(self.groups or ("every group",))
        return f"{name} of {whom} {self.least:g} to {self.most:g}{self._shown()}"

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterator[Mistake]:
        """Bounds that bind, in order."""
        yield from super().contradictions(raw)
        least, most = raw.get("least"), raw.get("most")
        if least is None and most is None:
            yield Mistake((), "has neither least nor most", "Give least: 0.2, or most: 0.8, or both")
        elif isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield Mistake(("least",), f"is {least:g}, above most", "Exchange the two")


def _known_kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in KINDS:
            raise fault(f"is {name!r}, no kind of calibration", did_you_mean(name, KINDS))
    return names


class Calibration(Requirement):
    """The instrument meets its goals on the phantom, whose truth is known (`mcas calibrate`).

    Attributes:
        figures: The kinds of figures whose goals are asked for.
        embedders: Only figures of these.
    """

    STAGE, TABLE = "scores", "calibration"

    kind: Literal["calibration"]
    figures: Annotated[Names, AfterValidator(_known_kinds)] = tuple(KINDS)
    embedders: Some = None

    @property
    def condition(self) -> str:
        """See `Requirement`."""
        return f"goals of calibration met: {', '.join(self.figures)}"

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterator[Mistake]:
        """Goals are of axes and embedders, not of concepts."""
        for key in ("categories", "concepts", "except_concepts"):
            if raw.get(key) is not None:
                yield Mistake((key,), "is given, but a calibration has no concepts", "Leave it out")


KINDS_OF_REQUIREMENTS: dict[str, type[Requirement]] = {
    "association": Association,
    "worsening": Worsening,
    "refusals": Refusals,
    "population": AgainstPopulation,
    "erasure": Erasure,
    "share": ShareBounds,
    "calibration": Calibration,
}
