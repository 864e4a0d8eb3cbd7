"""Prompts of a set: filling templates from columns, and telling which prompts are the same."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_FIELD = re.compile(r"\{(\w+)(?::(0\d+d))?\}")
_SPACES = re.compile(r"[\s_]+")
ARTICLE = "a"


def fields_of(template: str) -> list[str]:
    """The columns that a template names, in order; `{a}`, the article, is none of them."""
    return [name for name, _ in _FIELD.findall(template) if name != ARTICLE]


def is_template(text: str) -> bool:
    """Whether a text holds a placeholder, so that it is no name of a column."""
    return "{" in text or "}" in text


def bad_placeholder(template: str) -> str | None:
    """What stands in braces but is no placeholder, or None."""
    rest = _FIELD.sub("", template)
    return template if "{" in rest or "}" in rest else None


def fill(template: str, fields: Mapping[str, Any], *, is_path: bool = False) -> str | None:
    """The template with the columns of a row written in, or None where all of them are empty.

    `{profession}` is the column's text; `{part_id:06d}` a whole number with leading zeros; `{a}` becomes "a" or
    "an", as the next word begins. In a prompt an empty column leaves no gap and underscores become spaces; in a
    path everything stays as it is.
    """
    values = [fields.get(name) for name in fields_of(template)]
    if values and all(value is None or value == "" for value in values):
        return None

    def written(match: re.Match[str]) -> str:
        name, form = match.groups()
        if name == ARTICLE and not is_path:
            return match[0]
        value = fields.get(name)
        if value is None:
            return ""
        if form:
            number = whole(value)
            return str(value) if number is None else format(number, form)
        return str(value)

    text = _FIELD.sub(written, template)
    if is_path:
        return text
    text = _SPACES.sub(" ", text).strip()
    return re.sub(r"\{a\} (?=(\w))", lambda match: "an " if match[1].lower() in "aeiou" else "a ", text)


def normal(prompt: str) -> str:
    """What two prompts must have in common to count as the same wording.

    Unicode NFKC, no difference between capitals and small letters, white space and underscores as one space, no
    full stop at the end. Articles, punctuation within and word order stay: they can change what a model draws.
    """
    text = _SPACES.sub(" ", unicodedata.normalize("NFKC", prompt).casefold()).strip()
    return text.removesuffix(".").rstrip()


def whole(value: Any) -> int | None:
    """A whole number, also from a float or a text that is one; None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value) if isinstance(value, str) and not value.strip().lstrip("+-").isdigit() else value
        return int(number) if int(number) == float(number) else None
    except (ValueError, TypeError, OverflowError):
        return None


def same(value: Any, wanted: Any) -> bool:
    """Whether a cell holds a declared value: equal as texts, or as numbers ('2.0' is 2)."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return str(value).strip().casefold() == str(wanted).strip().casefold()
    if str(value).strip() == str(wanted).strip():
        return True
    try:
        return float(value) == float(wanted)
    except (ValueError, TypeError):
        return False
