"""How a command ends: its exit code, and one line on stderr where it failed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

from agent.errors import AgentError


class ExitCode(IntEnum):
    """API for scripts; docs/rest.md explains them."""

    DONE = 0
    NEGATIVE = 1
    """`pay`: declined. `doctor`, `journal verify`: something is wrong. `firmware`: the
    update failed or was rolled back."""
    USAGE = 2
    """The command line itself is wrong."""
    CANCELED = 3
    """`pay`: canceled at the till or on the reader; nothing was charged. `firmware`: the
    update was canceled."""
    NOT_CHARGED = 4
    """`pay`: failed before or without a charge."""
    OUTCOME_UNKNOWN = 5
    """`pay`: charged or not, nobody knows yet; the agent is finding out. `payments`:
    done or not. `firmware`: the update goes on, and nobody watches it."""
    REFUSED = 6
    """The agent, Stripe or this machine refused what was asked."""
    UNREACHABLE = 7
    """No agent answers."""


class CommandFailed(Exception):
    """A command's end, told to the user; never holds a secret."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        remedy: str,
        exit_code: ExitCode = ExitCode.REFUSED,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.remedy = remedy
        self.exit_code = exit_code


@contextmanager
def failures_told() -> Iterator[None]:
    """Exit with the code of what fails in the context, having told it on stderr."""
    try:
        yield
    except CommandFailed as failure:
        _exit(failure)
    except AgentError as error:
        _exit(failure_of(error))


def failure_of(error: AgentError) -> CommandFailed:
    """An error of the agent's own parts, as a command ends with it."""
    return CommandFailed(error.message, code=error.code, remedy=error.remedy)


def usage_error(message: str, *, remedy: str) -> CommandFailed:
    """A command line that cannot be carried out as written."""
    return CommandFailed(message, code="usage", remedy=remedy, exit_code=ExitCode.USAGE)


def told(failure: CommandFailed) -> str:
    """What goes to stderr: what happened, and what to do."""
    return f"cardlane: {failure.message} ({failure.code})\n{failure.remedy}"


def _exit(failure: CommandFailed) -> NoReturn:
    sys.stderr.write(told(failure) + "\n")
    sys.exit(failure.exit_code)
