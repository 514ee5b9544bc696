"""`/agent/accounts`: the accounts of this machine, seen and loaded anew by its operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from agent.errors import AccountsForbidden, AgentError
from agent.rest.parameters import Parameters
from agent.rest.reader_object import JsonObject
from agent.rest.requests import json_response, posted, queried
from agent.rest.services import (
    Accounts,
    AccountStanding,
    Services,
    accounts_of,
    services_of,
)


@dataclass(frozen=True, slots=True)
class OneAccount:
    """An agent without further accounts; fulfils agent.rest.services.Accounts."""

    own: Services

    @property
    def others(self) -> Mapping[str, Services]:
        """None."""
        return {}

    @property
    def is_any_away(self) -> bool:
        """Never."""
        return False

    def beginning(self, name: str) -> AbstractContextManager[None]:
        """Always."""
        return nullcontext()

    def standings(self) -> Sequence[AccountStanding]:
        """Nobody asks for them."""
        return ()

    def troubles(self) -> Mapping[str | None, AgentError]:
        """None."""
        return {}

    async def reload(self) -> None:
        """There is nothing to load."""


class ChangeAccounts(Parameters):
    """What can be done with all of them."""

    action: Literal["reload"]


async def list_accounts(request: Request) -> Response:
    """All accounts, the agent's own first."""
    queried(request, Parameters)
    return json_response(_shown(_operators(request)))


async def change_accounts(request: Request) -> Response:
    """Do as the accounts' files say now; how they stand then."""
    accounts = _operators(request)
    await posted(request, ChangeAccounts)
    await accounts.reload()
    return json_response(_shown(accounts))


def _operators(request: Request) -> Accounts:
    """Raises AccountsForbidden for a merchant's key: others are not its business."""
    accounts = accounts_of(request)
    if services_of(request) is not accounts.own:
        raise AccountsForbidden("This key is of one account and sees no others.")
    return accounts


def _shown(accounts: Accounts) -> JsonObject:
    return {"accounts": [_account(standing) for standing in accounts.standings()]}


def _account(standing: AccountStanding) -> JsonObject:
    problem = standing.problem
    return {
        "name": standing.name,
        "mode": standing.mode,
        "status": str(standing.status),
        "readers": standing.readers,
        "problem": None
        if problem is None
        else {
            "code": problem.code,
            "message": problem.message,
            "remedy": problem.remedy,
        },
    }
