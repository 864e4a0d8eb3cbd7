"""Sending news by Apprise: each piece once to each address, in one message, and not before some minutes after the last.

What was told to whom is kept in the home, by digests of the addresses, which hold keys. What could not be sent, or had to
wait, is told the next time.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mcas_assets.core.digests import text_digest
from mcas_assets.core.drafts import replace_text
from mcas_assets.core.errors import BadInput
from mcas_assets.core.extras import require_extra
from mcas_assets.declare.project import Notify
from mcas_assets.notify.words import News

log = logging.getLogger(__name__)

FRESH = timedelta(days=2)
"""What is older is no news: whoever begins to be told is not told of all that ever happened."""
MOST = 20
"""Pieces of news in a message; of more it says how many."""


def send(news: Sequence[News], to: Iterable[Notify], memory: Path, now: datetime) -> int:
    """Tell everyone what they do not know yet. What goes wrong is a warning: telling ends no run.

    Args:
        news: What happened since `now - FRESH`.
        to: Who is told what.
        memory: The file of what was told.
        now: With its time zone.

    Returns:
        How many messages were sent.
    """
    known = _read(memory)
    sent = 0
    for one in to:
        try:
            address = one.address()
            whom = text_digest(address)[:16]
            told: dict[str, str] = known.setdefault(whom, {"last": "", "told": {}})["told"]
            new = [piece for piece in news if piece.event in one.events and piece.key not in told]
            new = [piece for piece in new if not one.systems or piece.system in one.systems]
            last = known[whom]["last"]
            if not new or (last and now - datetime.fromisoformat(last) < timedelta(minutes=one.minutes)):
                continue
            _deliver(address, new, one.pages)
        except BadInput as problem:
            log.warning("nobody is told: %s", problem)
            continue
        sent += 1
        known[whom]["last"] = now.isoformat()
        told |= {piece.key: now.isoformat() for piece in new}
    for one in known.values():
        one["told"] = {key: at for key, at in one["told"].items() if now - datetime.fromisoformat(at) < 2 * FRESH}
    if sent:
        replace_text(memory, json.dumps(known, indent=1) + "\n")
    return sent


def _deliver(address: str, news: Sequence[News], pages: str) -> None:
    """Send one message.

    Raises:
        BadInput: Apprise is not installed, knows no such address, or could not send. The address, which holds a key, is not told.
    """
    require_extra("notify", "notify")
    import apprise

    sender = apprise.Apprise()
    if not sender.add(address):
        raise BadInput(
            "mcas.yaml", "has an address that Apprise does not know", "See its list of services", "notify.to"
        )
    rest = f"\n\nand {len(news) - MOST} more" if len(news) > MOST else ""
    body = "\n\n".join(one.line(pages) for one in news[:MOST]) + rest
    title = (
        news[0].line(pages).splitlines()[0].partition(":")[0] if len(news) == 1 else f"{len(news)} news of your audits"
    )
    if not sender.notify(title=f"MCAS: {title}", body=body, body_format=apprise.NotifyFormat.TEXT):
        scheme = address.partition("://")[0]
        raise BadInput(
            "mcas.yaml", f"a message by {scheme} could not be sent", "It is tried again the next time", "notify"
        )


def _read(memory: Path) -> dict[str, Any]:
    try:
        return json.loads(memory.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        log.warning("%s cannot be read, and is begun anew: some may be told twice", memory)
        return {}
