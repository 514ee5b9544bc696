"""Doctor's checks of further accounts: their files, keys and journals, and what was left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from agent.cli.failures import CommandFailed
from agent.cli.findings import Finding, Verdict, failed, good, warning
from agent.cli.journal_file import journal_path, with_journal
from agent.cli.state_checks import check_journal, check_state_folder, check_stripe_key
from agent.errors import AgentError, SettingsInvalid
from agent.journal.journal import Journal
from agent.offline.standing import waiting
from agent.settings import Settings, account_files, load_account
from agent.settings.accounts import ACCOUNTS_STATE


def check_accounts(own: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """One finding for each account: what is worst about it."""
    try:
        files = account_files(own)
    except SettingsInvalid as error:
        yield failed("accounts", error.message, remedy=error.remedy)
        return
    for name, file in files.items():
        yield replace(_worst(_of_account(file, own, environ)), check=f"account {name}")
    accounts = own.state_dir / ACCOUNTS_STATE
    for folder in sorted(accounts.iterdir()) if accounts.is_dir() else ():
        if folder.name not in files:
            yield from _left_behind(folder)


def _of_account(
    file: Path, own: Settings, environ: Mapping[str, str]
) -> Iterator[Finding]:
    try:
        settings = load_account(file, own)
    except SettingsInvalid as error:
        yield failed("", error.message, remedy=error.remedy)
        return
    found, _ = check_stripe_key(settings, environ)
    yield found
    yield check_journal(settings.state_dir)
    yield check_state_folder(settings.state_dir)


def _worst(findings: Iterator[Finding]) -> Finding:
    """The worst, or the first where all are good: that tells of the key."""
    order = (Verdict.FAILED, Verdict.WARNING, Verdict.GOOD)
    return min(findings, key=lambda finding: order.index(finding.verdict))


def _left_behind(folder: Path) -> Iterator[Finding]:
    """An account whose file is gone: nothing of its may still be open."""
    check, path = f"account {folder.name}", journal_path(folder)

    async def left(journal: Journal) -> tuple[int, int]:
        return len(journal.unfinished()), waiting(journal).payments

    if not path.exists():
        return
    try:
        unsettled, stored = with_journal(path, left)
    except (AgentError, CommandFailed) as error:
        yield failed(check, f"{error.message} ({error.code})", remedy=error.remedy)
        return
    if unsettled or stored:
        yield warning(
            check,
            f"Its file is gone, with {unsettled} payments not settled and {stored} to "
            "be forwarded.",
            remedy="Put its file back until they are, then `cardlane accounts remove`.",
        )
    else:
        yield good(check, "It is out of service, with nothing open.")
