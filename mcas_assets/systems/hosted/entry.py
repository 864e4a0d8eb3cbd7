"""What entries of all hosted kinds may say, on top of what each provider takes."""

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

from mcas_assets.core.hosts import is_loopback
from mcas_assets.declare.catalogue import Entry
from mcas_assets.declare.documents import Slug
from mcas_assets.declare.mistakes import Mistake
from mcas_assets.declare.parts import Pattern
from mcas_assets.systems.hosted.budget import Budget, Dollars, TokenPrices
from mcas_assets.systems.hosted.retry import Retry

KeyVariable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*_(KEY|TOKEN)$")]
"""The name of an environment variable with a key: only what is named as one is ever sent to a host."""

_OF_OTHERS = (
    "MCAS_",
    "HF_",
    "HUGGING",
    "GITHUB_",
    "GH_",
    "GITLAB_",
    "CI_",
    "AWS_",
    "AZURE_",
    "GCP_",
    "NPM_",
    "PYPI_",
    "UV_",
    "TWINE_",
)


class HostedEntry(Entry):
    """What entries of all hosted kinds may say.

    What is asked for is part of the system version. What is only about how it is asked is not: price, token_prices, budget,
    concurrency, requests_per_minute, timeout, retry, plain_http and declines may change while an audit is under way.

    Attributes:
        model: The provider's id of the model. A dated one cannot move under an audit.
        base_url: The address of a gateway that speaks the provider's API; the provider's own if not given. What it answers
            must come from there: where it leads elsewhere, no key follows.
        plain_http: Whether base_url may be http beyond this machine: the key and all images then travel readable by others.
        price: US dollars an image, for the plan and for the budget.
        token_prices: US dollars for a million tokens, where the bill goes by tokens: what an image did cost is then
            counted from what the provider reports.
        budget: The most that may be spent on this version, over all runs.
        concurrency: Requests under way at once.
        requests_per_minute: No more than that; no limit if not given.
        timeout: Seconds to wait for one answer.
        retry: How long one image is tried for.
        declines: Regular expressions: words of the model that one of them is found in count as a refusal, beside those
            that are known to decline in English.
        canary: As for every kind, but asked by default: a hosted model may move behind its name. `null` asks nothing.
    """

    model: Annotated[str, Field(min_length=1)]
    base_url: str | None = None
    plain_http: bool = False
    price: Dollars | None = None
    token_prices: TokenPrices | None = None
    budget: Budget = Budget()
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    requests_per_minute: Annotated[float, Field(ge=0.001, le=100_000, allow_inf_nan=False)] | None = None
    timeout: Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)] = 300.0
    retry: Retry = Retry()
    declines: Annotated[tuple[Pattern, ...], Field(strict=False)] = ()
    canary: Slug | None = "hosted"

    @classmethod
    def contradictions(cls, raw: dict[str, Any]) -> Iterable[Mistake]:
        """What no single field shows: an address that can be called, a price where dollars are to be counted."""
        if isinstance(url := raw.get("base_url"), str):
            yield from address_mistakes(("base_url",), url, raw.get("plain_http") is True)
        variable = raw.get("key_variable")
        if isinstance(variable, str) and variable.startswith(_OF_OTHERS):
            remedy = "Name a variable with the key of this server alone"
            yield Mistake(("key_variable",), f"is {variable}, the key of something else", remedy)
        budget = raw.get("budget")
        # At a price of nothing no request would ever reach a budget in dollars.
        if isinstance(budget, dict) and budget.get("usd") is not None and raw.get("price") in (None, 0):
            remedy = "Give price: US dollars an image, or budget.requests in place of budget.usd"
            problem = (
                "cannot be held to without a price" if raw.get("price") is None else "cannot be held to at a price of 0"
            )
            yield Mistake(("budget", "usd"), problem, remedy)


def mistakes_beside(
    place: str,
    given: Mapping[str, Any],
    ours: Mapping[str, str],
    otherwise: str = "Leave it out: the audit gives it for each image",
) -> Iterable[Mistake]:
    """What is wrong with keys that are sent beside those of the entry: said in another place, or no JSON.

    Args:
        place: The key of the entry that holds them.
        given: The keys, with what they say.
        ours: Keys that are not for this place, with the key of the entry that says them, empty where none does.
        otherwise: The remedy where none does.
    """
    for key in given.keys() & ours.keys():
        yield Mistake((place, key), "is not for this place", f"Say it with {ours[key]}" if ours[key] else otherwise)
    yield from _json_mistakes((place,), given)


def _json_mistakes(at: tuple[str | int, ...], value: object) -> Iterable[Mistake]:
    """What JSON has no word for, in what is to be sent: numbers that are none, or without end."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _json_mistakes((*at, str(key)), one)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _json_mistakes((*at, place), one)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Mistake(at, f"is {value}, which no request can hold", "Give a number")


def address_mistakes(at: tuple[str | int, ...], url: str, is_plain_allowed: bool) -> Iterable[Mistake]:
    """What keeps an address from being called, or a key from being sent there.

    Args:
        at: Where it stands in the entry.
        url: The address.
        is_plain_allowed: Whether it may be http beyond this machine.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Mistake(at, f"is {url!r}, no http address", "Write it as https://host/path")
    elif parts.username or parts.password or parts.query:
        problem = "holds more than an address, and it is kept with every image"
        yield Mistake(at, problem, "Keep keys and passwords in the environment")
    elif parts.scheme == "http" and not is_loopback(parts.hostname) and not is_plain_allowed:
        problem = "is http beyond this machine: the key would travel for others to read"
        yield Mistake(at, problem, "Use https, or say plain_http: true")
