"""Where the house rules look: the tracked files, and what the documents say."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control that is also in the working tree."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE
    )
    paths = (ROOT / name for name in listing.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def tracked(suffix: str) -> list[Path]:
    """Tracked files whose name ends in `suffix`."""
    return [path for path in tracked_files() if path.name.endswith(suffix)]


def name(path: Path) -> str:
    """`path` as people write it: relative to the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def documentation() -> str:
    """All of docs/, as one text."""
    return "\n".join(
        path.read_text() for path in tracked(".md") if path.parent == ROOT / "docs"
    )
