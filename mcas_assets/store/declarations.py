"""What was declared before images of a system version were drawn: the record that makes a result confirmatory.

Belongs here: writing table `declarations`. What follows from it is the view `standings` (schema.py).
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from duckdb import DuckDBPyConnection

from mcas_assets.store.database import transaction
from mcas_assets.store.facts import canonical_json


class Declaration(NamedTuple):
    """An audit or a policy as it stands: `kind` is `audit` or `policy`, `digest` that by which ledger rows name it."""

    kind: Literal["audit", "policy"]
    name: str
    digest: str
    document: Any


def count_images(con: DuckDBPyConnection, system_version: str) -> int:
    """Images of a version that were drawn or asked for in this home, whatever came of them and whoever asked."""
    return con.execute("select count(*) from image_facts where system_version = ?", [system_version]).fetchall()[0][0]


def note(
    con: DuckDBPyConnection, system_version: str, declarations: Iterable[Declaration], *, is_given: bool = False
) -> int:
    """Put declarations on record, beside the number of images of the version that there are.

    One that is on record as it stands is left alone: when it was first there is what counts.

    Args:
        con: A connection to the store.
        system_version: Whose images are about to be drawn.
        declarations: What is declared.
        is_given: Whether the images were made elsewhere.

    Returns:
        How many were new.
    """
    known = con.execute("select digest from declarations where system_version = ?", [system_version]).fetchall()
    new = [one for one in declarations if (one.digest,) not in known]
    if not new:
        return 0
    with transaction(con):
        n_images = count_images(con, system_version)
        con.executemany(
            "insert into declarations (number, system_version, kind, name, digest, document, n_images, is_given)"
            " values (nextval('declaration_number'), ?, ?, ?, ?, ?, ?, ?)",
            [[system_version, *one._replace(document=canonical_json(one.document)), n_images, is_given] for one in new],
        )
    return len(new)
