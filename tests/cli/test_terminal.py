"""What a person sees in a real terminal: a pseudo-terminal of 80 columns, since pipes hide what a step does to a screen."""

import os
import pty
import re
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

SMALLEST = Path(__file__).parents[1] / "data" / "smallest.yaml"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def typed(home: Path, *words: str, columns: int = 80) -> tuple[int, str]:
    """Exit status, and everything that a terminal of so many columns was sent, of one command."""
    screen, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = subprocess.Popen(
        [sys.executable, "-m", "mcas_assets", *words], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "MCAS_HOME": str(home), "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    seen = bytearray()
    while True:
        try:
            seen += os.read(screen, 1 << 16)
        except OSError:  # the other end is closed: the command has ended
            break
    os.close(screen)
    return command.wait(60), ESCAPES.sub("", seen.decode())


def test_bars_move_while_images_are_drawn_and_what_follows_fits_80_columns(tmp_path: Path):
    status, text = typed(tmp_path, "audit", str(SMALLEST), "--images", "24")
    assert status == 0, text
    counts = {(int(done), int(of)) for done, of in re.findall(r"images +[^\n]*?(\d+)/(\d+)", text)}
    total = max(of for _, of in counts)
    assert (total, total) in counts
    assert any(0 < done < total for done, _ in counts), counts
    before, after = text.split("loading...")
    said = dict(re.split(r"  +", line.strip(), maxsplit=1) for line in before.splitlines() if line.startswith("  "))
    settings = {"pipeline": "StableDiffusionPipeline", "steps": "8", "guidance": "1", "size": "64 x 64"}
    assert said.items() >= (settings | {"images": str(total)}).items()
    assert "…" not in after
    rows = [line for line in after.splitlines() if "│" in line]
    assert len(rows) == 3
    assert all(len(line) <= 80 for line in rows), rows

    status, answer = typed(tmp_path, "sql", "from representation")
    assert status == 0
    assert "no room for: " in answer
    assert all(len(line) <= 80 for line in answer.splitlines())
