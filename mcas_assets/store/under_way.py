"""What the run of a home is at now, for whoever looks: a small file that the run itself writes.

Nothing is decided by it. That its writer is alive is told by the lock that each run holds: a killed run leaves its file, and
the next one of the home writes over it.
"""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from mcas_assets.core.drafts import replace_text
from mcas_assets.core.progress import Advance

EVERY = 1.0
"""Seconds between two writings while items are done."""

LONGEST_SILENCE = 600.0
"""Seconds after which a run is taken to have ended where its lock cannot be looked at (Windows)."""


@dataclass(frozen=True)
class UnderWay:
    """What a run is at. Times are seconds since the epoch.

    Attributes:
        run_id: The run.
        what: The audit, or the job where it is of none.
        system_version: What is audited, or None.
        since: When the run began its work.
        step: The stage that it makes.
        task: The newest long task of that stage; "" where it has none.
        done, total: Its items.
        begun: When the task began.
        told: When this was written.
    """

    run_id: str
    what: str
    system_version: str | None
    since: float
    step: str = ""
    task: str = ""
    done: int = 0
    total: int = 0
    begun: float = 0.0
    told: float = 0.0

    @property
    def rate(self) -> float | None:
        """Items a second, or None where none is done."""
        return self.done / (self.told - self.begun) if self.done and self.told > self.begun else None

    @property
    def left(self) -> float | None:
        """Seconds that the task takes yet at its rate, or None."""
        return (self.total - self.done) / self.rate if self.rate else None


class Account:
    """Progress into the file of a home. What cannot be written is left out: a run is not to fail by being looked at."""

    def __init__(self, home: Path, at: UnderWay) -> None:
        self._file, self._at = _file(home), at
        self._write()

    def at_step(self, name: str) -> None:
        """Another stage begins."""
        self._at = replace(self._at, step=name, task="", done=0, total=0)
        self._write()

    @contextmanager
    def task(self, name: str, total: int) -> Generator[Advance]:
        """See `core.progress.Progress`. A task with nothing to do is not told."""
        if total:
            self._at = replace(self._at, task=name, done=0, total=total, begun=time.time())
            self._write()

        def advance(items: int) -> None:
            self._at = replace(self._at, done=self._at.done + items)
            if time.time() - self._at.told >= EVERY or self._at.done >= self._at.total:
                self._write()

        yield advance

    def close(self) -> None:
        """The run has ended."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _write(self) -> None:
        self._at = replace(self._at, told=time.time())
        with suppress(OSError):
            replace_text(self._file, json.dumps(asdict(self._at)) + "\n")


def lock_file(home: Path, run_id: str) -> Path:
    """The file whose lock a run holds for as long as its process lives."""
    return home / "runs" / f"{run_id}.lock"


def read_under_way(home: Path) -> UnderWay | None:
    """What the run of a home is at, or None where none is alive. Nothing is written, and no run is held up."""
    try:
        found = UnderWay(**json.loads(_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # none, or written by another version
        return None
    return found if _is_alive(home, found) else None


def _is_alive(home: Path, found: UnderWay) -> bool:
    """Whether the lock of a run is held. `FileLock` would write to the file that it tries, so it is asked of the system."""
    try:
        import fcntl
    except ImportError:  # Windows
        return time.time() - found.told < LONGEST_SILENCE
    try:
        with lock_file(home, found.run_id).open("rb") as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _file(home: Path) -> Path:
    return home / "runs" / "under-way.json"
