"""What an installation may do without: extras, and what is said where one is wanted and not there."""

from importlib.util import find_spec

from mcas_assets.core.errors import BadInput
from mcas_assets.core.paths import IS_INSTALLED

MODULES = {
    "adapters": ("accelerate", "peft"),
    "view": ("altair", "jinja2", "sklearn", "starlette", "uvicorn", "vl_convert"),
    "evidence": ("rocrate",),
    "notify": ("apprise",),
    "objects": ("obstore",),
    "portraits": ("cv2",),
    "postgres": ("dagster_postgres",),
    "provenance": ("c2pa",),
    "ui": ("dagster_webserver", "starlette", "uvicorn"),
}
"""What each extra brings that is imported, but for the clients of providers, which say so themselves."""


def require_extra(extra: str, what: str) -> None:
    """See that an extra is installed, before anything is begun with it. Imports nothing.

    Args:
        extra: One of `MODULES`.
        what: What needs it, in the words of the message.

    Raises:
        BadInput: A package of it is not installed.
    """
    if lacking := [name for name in MODULES[extra] if find_spec(name) is None]:
        raise BadInput(what, f"needs {', '.join(lacking)}, which is not installed", remedy(extra))


def remedy(extra: str) -> str:
    """How the extra is installed, here."""
    how = f"pip install 'mcas-assets[{extra}]'" if IS_INSTALLED else f"uv sync --extra {extra}"
    return f"Install the extra: {how}"
