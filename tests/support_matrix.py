"""docs/readers.md: what each reader can do by its profile, and what the suite says of it.

`make support-matrix` runs tests/readers whole and writes the tables; a unit test holds
the first two against the profiles, and the last against the combinations there are.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reader_combinations import WIRES, combinations  # noqa: E402

from agent.payments.showing import NEEDS, SHOWS_CARTS, TOGGLES_NEED  # noqa: E402
from drivers.profile import Profile, profiles  # noqa: E402

DOCUMENT = ROOT / "docs" / "readers.md"
CAPABILITIES = "capabilities"
INPUTS = "inputs"
RESULTS = "results"
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the suite went for one combination."""

    passed: int
    failed: int

    def __str__(self) -> str:
        return (
            f"{self.passed}" if not self.failed else f"{self.passed}, {self.failed} ✗"
        )


def main() -> int:
    """Run the suite and write the document; 1 where a test failed."""
    with tempfile.TemporaryDirectory(prefix="cardlane-matrix-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "--full", "-q", "-n", "2"]
        subprocess.run(
            [*command, f"--junitxml={report}", "tests/readers"], check=False, cwd=ROOT
        )
        outcomes = outcomes_in(report)
    text = DOCUMENT.read_text()
    text = replaced(text, CAPABILITIES, capability_table(profiles().values()))
    text = replaced(text, INPUTS, input_table(profiles().values()))
    text = replaced(text, RESULTS, result_table(outcomes))
    DOCUMENT.write_text(text)
    return 1 if any(outcome.failed for outcome in outcomes.values()) else 0


def outcomes_in(report: Path) -> dict[str, Outcome]:
    """The outcomes in pytest's report, by combination."""
    passed: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    names = sorted(map(str, combinations()), key=len, reverse=True)
    # Our own report of our own tests: nothing in it is hostile.
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        parameters = case.get("name", "").partition("[")[2]
        name = next((each for each in names if is_of(parameters, each)), None)
        if name is None or case.find("skipped") is not None:
            continue
        is_bad = case.find("failure") is not None or case.find("error") is not None
        (failed if is_bad else passed)[name] += 1
    return {name: Outcome(passed[name], failed[name]) for name in sorted(names)}


def is_of(parameters: str, combination: str) -> bool:
    """Whether a test's parameters name this combination."""
    return any(
        parameters.startswith(f"{combination}{end}")
        or f"-{combination}{end}" in parameters
        for end in ("-", "]")
    )


def capability_table(known: Iterable[Profile]) -> str:
    """One row a model."""
    return table(
        ("reader", "connects by", "takes cards by", "beyond cards", "verified with"),
        [row_of(profile) for profile in known],
    )


def row_of(profile: Profile) -> Sequence[str]:
    """What the profile says of a model, for people."""
    capabilities = profile.capabilities
    beyond = set(capabilities.features)
    if capabilities.takes_tips:
        beyond.add("tips")
    if capabilities.captures_signatures:
        beyond.add("signature while paying")
    return (
        f"{profile.vendor} {profile.model}",
        listed(profile.ports),
        listed(capabilities.input_options),
        listed(beyond),
        profile.verified,
    )


def input_table(known: Iterable[Profile]) -> str:
    """One row a model: what can be asked of a customer there."""
    rows = [
        (
            f"{profile.vendor} {profile.model}",
            listed(askable(profile.capabilities.features)),
            "yes" if SHOWS_CARTS & profile.capabilities.features else NOTHING,
        )
        for profile in known
    ]
    return table(("reader", "inputs", "cart"), rows)


def askable(features: frozenset[str]) -> list[str]:
    """The inputs that a reader with these features can show."""
    kinds = [
        str(kind) for kind, needed in NEEDS.items() if needed and needed <= features
    ]
    return [*kinds, "toggles"] if kinds and features >= TOGGLES_NEED else kinds


def result_table(outcomes: Mapping[str, Outcome]) -> str:
    """One row a model, one column a wire: how many behaviours hold there."""
    by_model: dict[str, dict[str, Outcome]] = {}
    for combination in combinations():
        row = by_model.setdefault(combination.model, {})
        row[combination.wire.name] = outcomes[str(combination)]
    return table(
        ("reader", *(wire.name for wire in WIRES)),
        [
            (f"`{model}`", *(str(row.get(wire.name, NOTHING)) for wire in WIRES))
            for model, row in by_model.items()
        ],
    )


def listed(names: Iterable[str]) -> str:
    """Names for people, in order."""
    return ", ".join(sorted(name.replace("_", " ") for name in names)) or NOTHING


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def section(text: str, name: str) -> str:
    """What stands between the marks of that name."""
    return text.split(mark(name))[1].strip()


def replaced(text: str, name: str, content: str) -> str:
    """The text with other content between the marks."""
    before, _, after = text.split(mark(name))
    return f"{before}{mark(name)}\n\n{content}\n\n{mark(name)}{after}"


def mark(name: str) -> str:
    """What encloses a machine-made table, unseen."""
    return f"<!-- {name}, by make support-matrix -->"


if __name__ == "__main__":
    sys.exit(main())
