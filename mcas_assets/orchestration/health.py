"""Whether the standing watch works, for whoever looks after services: `/health`. It tells nothing of what is measured."""

import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from mcas_assets.core.errors import StoreError
from mcas_assets.orchestration.instance import history_told
from mcas_assets.orchestration.webserver import Backstage

EVERY = 10.0
"""Seconds between two examinations: they are made by the server itself, and not by whoever asks."""

TOLERANCE = 300.0
"""Seconds without a sign of life from a part of the daemon, which gives one every thirty."""


class Health:
    """Examined from time to time, and answered from what was found.

    Args:
        home: The MCAS home.
        instance: Where the daemon gives its signs of life.
        behind: The processes.
    """

    def __init__(self, home: Path, instance: dg.DagsterInstance, behind: Backstage) -> None:
        self._home, self._instance, self._behind = home, instance, behind
        self._begun, self._examined = time.time(), 0.0
        self._found: dict[str, str | None] = {"status": "starting"}

    def look(self) -> None:
        """Examine, unless that was done just now."""
        if time.monotonic() - self._examined >= EVERY:
            self._examined = time.monotonic()
            self._found = self._examine()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """200 if everything works, else 503; as an ASGI application."""
        is_well = self._found["status"] == "ok"
        answer = JSONResponse(self._found, 200 if is_well else 503, headers={"Cache-Control": "no-store"})
        await answer(scope, receive, send)

    def _examine(self) -> dict[str, str | None]:
        try:
            with history_told(self._home):
                beats = self._instance.get_daemon_heartbeats()
        except StoreError:
            return {"status": "the history cannot be read"}
        times = {kind: beats[kind].timestamp for kind in self._instance.get_required_daemon_types() if kind in beats}
        lacking = [kind for kind in self._instance.get_required_daemon_types() if times.get(kind, 0.0) < self._begun]
        if not self._behind.is_answering():
            status = "the code server does not answer"
        elif lacking:
            status = "starting" if time.time() - self._begun < TOLERANCE else f"no sign of {lacking[0].lower()}"
        elif time.time() - (oldest := min(times.values())) > TOLERANCE:
            status = f"no sign of the daemon since {datetime.fromtimestamp(oldest, UTC):%H:%M} UTC"
        else:
            status = "ok"
        newest = max(times.values(), default=None)
        heard = f"{datetime.fromtimestamp(newest, UTC):%Y-%m-%dT%H:%M:%SZ}" if newest else None
        return {"status": status, "daemon": heard}
