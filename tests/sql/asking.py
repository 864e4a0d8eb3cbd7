"""Puts questions of sql/ to a published store."""

from mcas_assets.store import publication
from mcas_assets.store.database import Store


def ask(store: Store, name: str, *columns: str) -> list[tuple]:
    """The rows of the answer to a question, of these columns."""
    return publication.query(store, publication.questions()[name].read_text()).select(columns).rows()
