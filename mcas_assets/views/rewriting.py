"""What is said of a pipeline that rewrites prompts before it draws."""

from collections.abc import Iterator, Mapping
from typing import Any

from mcas_assets.systems.pipelines import rewriters


def rewriter_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """A line for what rewrites the prompts of a version, and one for each argument that sounds as if it did.

    Args:
        document: Its identity document.
    """
    pipeline = str(document.get("pipeline"))
    names = ", ".join(rewriters.shipped(pipeline))
    if document.get("rewriter") == "as_asked":
        yield (
            f"{pipeline} ships with a prompt rewriter ({names}), which is off: it draws what the audit asks. "
            "`rewriter: as_shipped` in its entry audits what it draws by default, as another version"
        )
    elif document.get("rewriter") == "as_shipped":
        yield (
            f"prompts are rewritten before they are drawn, as {pipeline} ships ({names}). "
            "What each became: mcas sql what-was-rewritten"
        )
    for name in rewriters.suspects(pipeline):
        yield (
            f"warning: {pipeline} may rewrite prompts: it takes {name}, of which nothing is known here. See its documentation, and "
            f"say what is meant with arguments: {{{name}: ...}}"
        )
