"""Run every benchmark and set its figures beside its goals.

A benchmark is a script in benchmarks/ whose last line of output is one JSON object:
`name`, `goal` (limits by figure), `met`, and the figures. Missing a goal is no failure,
since figures depend on the machine. A script that crashes is one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Row = tuple[str, str, str, str, str]
HEADER: Row = ("benchmark", "figure", "measured", "goal", "met")


def main() -> int:
    """Print the table; the exit status is 1 if any script crashed."""
    rows = [HEADER]
    crashed = []
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        print(f"bench: {script.stem}", file=sys.stderr)
        output = run(script)
        if output is None:
            crashed.append(script.stem)
        else:
            rows += rows_of(json.loads(output.splitlines()[-1]))
    print_table(rows)
    for name in crashed:
        print(f"crashed: {name}")
    return 1 if crashed else 0


def run(script: Path) -> str | None:
    """What `script` printed, or None if it exited non-zero."""
    process = subprocess.run(
        [sys.executable, script],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process.stdout if process.returncode == 0 else None


def rows_of(result: dict[str, Any]) -> list[Row]:
    """One row per goal; only the benchmark as a whole knows whether it was met."""
    met = "yes" if result["met"] else "no"
    return [
        (result["name"], figure, str(result[figure]), str(limit), met)
        for figure, limit in result["goal"].items()
    ]


def print_table(rows: list[Row]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())


if __name__ == "__main__":
    sys.exit(main())
