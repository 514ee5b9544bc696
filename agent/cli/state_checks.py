"""Doctor's checks of what the agent keeps: its folder, its journal, its Stripe key."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from agent.cli.failures import CommandFailed
from agent.cli.findings import Finding, failed, good, warning
from agent.cli.journal_file import journal_path, with_journal
from agent.errors import AgentError, StripeKeyMissing
from agent.journal.entry_table import VerifiedChain
from agent.journal.journal import Journal
from agent.settings import Settings, StripeKey, read_stripe_key


def check_state_folder(folder: Path) -> Finding:
    """The journal's folder must be the agent's alone."""
    check = "state folder"
    if not folder.exists():
        return warning(
            check,
            f"{folder} does not exist yet.",
            remedy="The agent makes it at its first start, if it may.",
        )
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o077:
        return failed(
            check,
            f"{folder} is open to other users ({mode:04o}).",
            remedy=f"chmod 700 {folder}",
        )
    return good(check, f"{folder} is closed to other users.")


def check_journal(folder: Path) -> Finding:
    """Every entry must match its hash."""
    check, path = "journal", journal_path(folder)

    async def verify(journal: Journal) -> VerifiedChain:
        journal.verify_others()
        return journal.verify()

    if not path.exists():
        return good(check, "There is none yet.")
    try:
        chain = with_journal(path, verify)
    except (AgentError, CommandFailed) as error:
        return failed(check, f"{error.message} ({error.code})", remedy=error.remedy)
    return good(check, f"{chain.entries} entries, none changed.")


def check_stripe_key(
    settings: Settings, environ: Mapping[str, str]
) -> tuple[Finding, StripeKey | None]:
    """There must be a key, closed to others, and better a restricted one."""
    check = "Stripe key"
    try:
        key = read_stripe_key(settings, environ)
    except AgentError as error:
        return failed(check, error.message, remedy=error.remedy), None
    if key is None:
        return failed(check, "There is none.", remedy=StripeKeyMissing.remedy), None
    mode = "live" if key.livemode else "test"
    if not key.is_restricted:
        found = warning(
            check,
            f"A full secret key of {mode} mode.",
            remedy="Use a restricted key (rk_…): it can do less harm if it is lost.",
        )
        return found, key
    return good(check, f"A restricted key of {mode} mode."), key
