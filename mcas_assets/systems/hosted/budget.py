"""What a hosted system may cost: the budget of its declaration, and the purse that holds every request to it."""

import threading
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

MOST_DOLLARS = 10_000
"""For an image, or for a million tokens: what is above is a slip of the pen, such as cents for dollars."""

Dollars = Annotated[float, Field(ge=0, le=MOST_DOLLARS, allow_inf_nan=False)]
_MOST_TOKENS = 10**9  # of one request: what a provider counts beyond that is no count
_CENT_OF_A_CENT = 1e-9  # US dollars: sums of floats are not held to more


class Budget(BaseModel):
    """The most that may be spent on one version of a system, over all runs.

    Attributes:
        usd: US dollars, by the declared prices; None for no limit.
        requests: Requests sent, whatever came of them; None for no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    usd: Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)] | None = None
    requests: Annotated[int, Field(ge=1, le=10**9)] | None = None

    def is_limit(self) -> bool:
        """Whether it ends anything."""
        return self.usd is not None or self.requests is not None

    def covered(self, price: float, past: "Past", images: int) -> int:
        """How many of so many further images it covers, at one request each."""
        covered = images
        if self.usd is not None and price:
            covered = min(covered, int((max(self.usd - past.usd, 0.0) + _CENT_OF_A_CENT) / price))
        if self.requests is not None:
            covered = min(covered, max(self.requests - past.requests, 0))
        return covered

    def limits(self) -> str:
        """What the budget is, in words; empty where there is none."""
        limits = [f"{self.usd:,.2f} USD"] if self.usd is not None else []
        return " and ".join([*limits, *([f"{self.requests:,} requests"] if self.requests is not None else [])])

    def words(self, price: float, past: "Past", images: int) -> str:
        """What the budget is, and how many of so many further images it covers; empty where there is none."""
        if not self.is_limit():
            return ""
        covered = self.covered(price, past, images)
        covers = "covers that" if covered >= images else f"covers {covered:,} of them"
        spent = f", {past.usd:,.2f} USD and {past.requests:,} requests spent," if past.requests else ""
        return f"budget {self.limits()}{spent} {covers}"


class TokenPrices(BaseModel):
    """US dollars for a million tokens, where the provider bills by tokens and says how many it counted.

    Attributes:
        input: Tokens of what is asked.
        output: Tokens of what is answered, those of the image among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    input: Dollars
    output: Dollars

    def of(self, tokens_in: object, tokens_out: object) -> float | None:
        """What so many tokens cost, or None where the provider did not count them, or gives numbers that no count can be.

        A count below nothing would give a budget back what was spent of it.
        """
        if not isinstance(tokens_in, int) or not isinstance(tokens_out, int):
            return None
        if not (0 <= tokens_in <= _MOST_TOKENS and 0 <= tokens_out <= _MOST_TOKENS):
            return None
        return (tokens_in * self.input + tokens_out * self.output) / 1e6


class Past(NamedTuple):
    """What earlier runs sent, spent and were answered, all of one system version.

    Attributes:
        requests: Requests sent, failed ones too.
        usd: US dollars, as estimated then.
        reported: The model versions that the provider named.
    """

    requests: int = 0
    usd: float = 0.0
    reported: tuple[str, ...] = ()


class Purse:
    """Counts what is sent and spent, and says when the budget is reached. Safe to use from many threads.

    A request is held to the budget before it is sent, at the declared price, and counted at what it cost afterwards: however
    many are under way at once, the sum passes the budget only by what they cost above that price.

    Args:
        budget: What may be spent.
        price: US dollars that a request is expected to cost.
        past: What was spent before.
    """

    def __init__(self, budget: Budget, price: float, past: Past) -> None:
        self._budget, self._price = budget, price
        self._requests, self._usd = past.requests, past.usd
        self._set_aside = 0.0
        self._lock = threading.Lock()

    def take(self) -> str | None:
        """Set the price of one request aside; `settle` must follow. Returns why that cannot be, or None."""
        most, allowed = self._budget.requests, self._budget.usd
        with self._lock:
            if most is not None and self._requests >= most:
                return f"the budget of {most:,} requests for this version is spent"
            if allowed is not None and self._usd + self._set_aside + self._price > allowed + _CENT_OF_A_CENT:
                return f"of the budget of {allowed:g} USD for this version {self._usd:.2f} are spent"
            self._requests += 1
            self._set_aside += self._price
        return None

    def settle(self, usd: float) -> None:
        """Count what a request that was taken did cost, in US dollars."""
        with self._lock:
            self._set_aside -= self._price
            self._usd += usd
