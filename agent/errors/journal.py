"""A journal that cannot be used."""

from __future__ import annotations

from agent.errors.base import AgentError


class JournalError(AgentError):
    """The journal cannot be used, so no payment may start."""

    code = "journal_error"
    status = 503
    remedy = "Run `cardlane doctor` and `cardlane journal verify`."


class JournalUnavailable(JournalError):
    """The journal's file cannot be written: disk full, read-only or failing."""

    code = "journal_unavailable"
    remedy = "Free disk space or repair the disk; nothing was charged."


class JournalNewerSchema(JournalError):
    """The journal was written by a newer Cardlane."""

    code = "journal_newer_schema"
    remedy = "Install the version that wrote the journal, or a newer one."


class JournalBroken(JournalError):
    """An entry does not match its hash: the file was changed or is damaged."""

    code = "journal_broken"
    remedy = "Keep the file, restore a backup, and run `cardlane journal verify`."
