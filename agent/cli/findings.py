"""What a check found, and how `cardlane doctor` tells it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How serious a finding is."""

    GOOD = "good"
    WARNING = "warning"
    """Payments work, but something will bite one day."""
    FAILED = "failed"
    """Payments do not work, or are not safe."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result; `remedy` wherever it is not good."""

    check: str
    verdict: Verdict
    message: str
    remedy: str | None = None


def good(check: str, message: str) -> Finding:
    return Finding(check, Verdict.GOOD, message)


def warning(check: str, message: str, *, remedy: str) -> Finding:
    return Finding(check, Verdict.WARNING, message, remedy)


def failed(check: str, message: str, *, remedy: str) -> Finding:
    return Finding(check, Verdict.FAILED, message, remedy)


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether no check failed."""
    return all(finding.verdict is not Verdict.FAILED for finding in findings)


def findings_text(findings: Sequence[Finding]) -> str:
    """One line a finding, the remedy below it."""
    width = max(len(finding.check) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        mark = finding.verdict.upper().ljust(len(Verdict.WARNING))
        lines.append(f"{mark}  {finding.check.ljust(width)}  {finding.message}")
        if finding.remedy is not None:
            lines.append(
                f"{' ' * (len(Verdict.WARNING) + width + 4)}→ {finding.remedy}"
            )
    return "\n".join(lines)


def findings_object(findings: Sequence[Finding]) -> dict[str, object]:
    """The same for programs."""
    return {
        "healthy": is_healthy(findings),
        "findings": [asdict(finding) for finding in findings],
    }
