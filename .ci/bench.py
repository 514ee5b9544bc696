"""Run every benchmark and set its figure beside its goal.

A benchmark is a script in benchmarks/ whose last line of output is one JSON object
with `name`, `measured`, `goal` and `met`. Missing a goal is not a failure: figures
depend on the machine. A script that crashes is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark's last line."""

    name: str
    measured: str
    goal: str
    is_met: bool


def main() -> int:
    """Print the table; the exit status is 1 if any script crashed."""
    results: list[Result] = []
    crashed: list[str] = []
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        print(f"bench: {script.stem}", file=sys.stderr)
        output = run(script)
        if output is None:
            crashed.append(script.stem)
        else:
            results.append(parse(output))
    print_table(results)
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


def parse(output: str) -> Result:
    """The result in the last line of `output`."""
    fields = json.loads(output.splitlines()[-1])
    return Result(
        fields["name"], str(fields["measured"]), str(fields["goal"]), fields["met"]
    )


def print_table(results: list[Result]) -> None:
    """One row per result, columns as wide as their widest cell."""
    rows = [("name", "measured", "goal", "met")]
    rows += [(r.name, r.measured, r.goal, "yes" if r.is_met else "no") for r in results]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(
            "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            ).rstrip()
        )


if __name__ == "__main__":
    sys.exit(main())
