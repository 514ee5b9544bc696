"""All accounts of a machine: the agent's own, and the further ones as their files say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.accounts.account import Account, AccountStatus
from agent.accounts.opening import Shared, secrets_of
from agent.accounts.renewal import renew
from agent.assembly import Assembled, Parts
from agent.errors import AgentError, SettingsInvalid
from agent.log import get_logger
from agent.rest.services import Services
from agent.settings import (
    AccountSettings,
    account_files,
    load_account,
    read_stripe_key,
)

log = get_logger(__name__)

FIRST_TRY_S = 5.0
"""How long a new account is waited for; then it goes on by itself."""


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """One of the accounts, as others are told of it."""

    name: str | None
    """None for the agent's own."""
    mode: str | None
    """`test` or `live`; None where its file cannot be read."""
    status: AccountStatus
    problem: AgentError | None
    readers: int


class Accounts:
    """Who is at work here; fulfils agent.rest.services.Accounts."""

    def __init__(
        self,
        parts: Parts,
        assembled: Assembled,
        *,
        shared: Shared,
        tasks: asyncio.TaskGroup,
    ) -> None:
        """`parts` and `assembled` are the own account's, which stays."""
        self._parts = parts
        self._assembled = assembled
        self._shared = shared
        self._tasks = tasks
        self._further: dict[str, tuple[Account, asyncio.Task[None]]] = {}
        self._problems: dict[str | None, AgentError] = {}
        """What is wrong with a file, or was with the last reload; None: the own one's."""
        self._turn = asyncio.Lock()

    @property
    def own(self) -> Services:
        """The services of the agent's own account."""
        return self._assembled.services

    @property
    def others(self) -> Mapping[str, Services]:
        """Those of the further accounts at work, by their names."""
        if not self._further:
            return {}
        working = ((name, one.services) for name, (one, _) in self._further.items())
        return {name: services for name, services in working if services is not None}

    @property
    def is_any_away(self) -> bool:
        """Whether one is not at work now, whose keys then nobody knows."""
        return any(one.services is None for one, _ in self._further.values())

    def beginning(self, name: str) -> AbstractContextManager[None]:
        """Within it something may begin in this account; raises AccountClosing."""
        return self._further[name][0].beginning()

    def standings(self) -> list[AccountStanding]:
        """All of them, the own one first."""
        names = sorted({*self._further, *(name for name in self._problems if name)})
        return [self._own_standing(), *map(self._standing, names)]

    def troubles(self) -> dict[str | None, AgentError]:
        """What an administrator should see to, by account."""
        troubles = dict(self._problems)
        for name, (one, _) in self._further.items():
            if one.problem is not None:
                troubles.setdefault(name, one.problem)
        return troubles

    async def begin(self) -> None:
        """Have the further accounts at work for the first time; one that fails is told."""
        try:
            await self._take_up(self._files())
        except SettingsInvalid as error:
            self._note(None, error)

    async def reload(self) -> None:
        """Do as the files say now; accounts that they leave alone are not touched.

        What cannot be done is kept for `standings`; everything else is done.
        """
        async with self._turn:
            self._problems.clear()
            await self._attempt(None, self._renew_own())
            try:
                files = self._files()
            except SettingsInvalid as error:
                self._note(None, error)
                return
            await self._take_up(files)
            log.info("accounts.loaded", accounts=sorted(self._further))

    async def drain(self, *, timeout_s: float) -> None:
        """Let payments of all accounts end whose card was collected."""
        await asyncio.gather(
            self._assembled.actions.drain(timeout_s=timeout_s),
            *(one.drain(timeout_s=timeout_s) for one, _ in self._further.values()),
        )

    async def pulse(self) -> None:
        """Return when the writers of all journals have come round."""
        await self._parts.journal.pulse()
        for services in self.others.values():
            await services.journal.pulse()

    async def _take_up(self, files: Mapping[str, Path]) -> None:
        gone = [name for name in self._further if name not in files]
        await asyncio.gather(
            *(self._attempt(name, self._remove(name)) for name in gone),
            *(self._attempt(name, self._keep(files[name])) for name in files),
        )

    def _files(self) -> Mapping[str, Path]:
        """Raises SettingsInvalid: nobody is taken out of service for a folder unseen."""
        folder = self._parts.settings.accounts_dir
        if self._further and folder is not None and not folder.is_dir():
            raise SettingsInvalid(f"accounts_dir: {folder} is gone")
        return account_files(self._parts.settings)

    async def _attempt(self, name: str | None, doing: Awaitable[None]) -> None:
        try:
            await doing
        except AgentError as error:
            self._note(name, error)

    def _note(self, name: str | None, error: AgentError) -> None:
        self._problems[name] = error
        log.error("account.refused", name=name, code=error.code, reason=error.message)

    async def _renew_own(self) -> None:
        await renew(
            self._parts.stripe,
            read_stripe_key(self._parts.settings, self._shared.environ),
            livemode=self._parts.livemode,
            journal=self._parts.journal,
        )

    async def _keep(self, file: Path) -> None:
        """Have the account of this file at work, with the settings it has now."""
        settings = load_account(file, self._parts.settings)
        known = self._further.get(settings.account)
        if known is None:
            await self._begin(settings)
            return
        account, _ = known
        if settings.mode != account.settings.mode and account.parts is not None:
            raise SettingsInvalid(
                f"{file}: mode: account {account.name} is at work in "
                f"{account.settings.mode} mode",
                remedy="Make an account of another name for the other mode.",
            )
        await account.renew_key(settings)
        if settings == account.settings and account.parts is not None:
            return
        # What is wrong with these must not end what works with the others.
        secrets_of(settings, self._shared.environ)
        await account.pause()
        await self._end(account.name)
        await self._begin(settings)

    async def _begin(self, settings: AccountSettings) -> None:
        account = Account(settings, shared=self._shared, check=self._check)
        task = self._tasks.create_task(account.run(), name=f"account {account.name}")
        self._further[account.name] = (account, task)
        # Whoever waits for a network must not keep others from working.
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_TRY_S):
                await account.tried()

    async def _remove(self, name: str) -> None:
        account, _ = self._further[name]
        await account.finish()
        await self._end(name)

    async def _end(self, name: str) -> None:
        account, task = self._further[name]
        account.end()
        await task
        del self._further[name]

    def _check(self, parts: Parts) -> None:
        """Raise SettingsInvalid for parts that are somebody else's, by a slip of copying."""
        others = [self._parts, *self._parts_at_work()]
        hashes = {key.hash for key in parts.journal.keys.all()}
        for other in others:
            whose = _name_of(other)
            if parts.stripe.key == other.stripe.key:
                raise SettingsInvalid(
                    f"{_name_of(parts)} has the very Stripe key of {whose}",
                    remedy="Give it the key of its own account.",
                )
            if any(key.hash in hashes for key in other.journal.keys.all()):
                raise SettingsInvalid(
                    f"the journal of {_name_of(parts)} is a copy of {whose}'s",
                    remedy="Move the copy away: an account begins with no journal.",
                )

    def _parts_at_work(self) -> list[Parts]:
        parts = (account.parts for account, _ in self._further.values())
        return [one for one in parts if one is not None]

    def _own_standing(self) -> AccountStanding:
        key = self._parts.stripe.key
        return AccountStanding(
            None,
            None if key is None else key.mode,
            AccountStatus.WORKING,
            self._problems.get(None),
            len(self._assembled.fleet.sessions()),
        )

    def _standing(self, name: str) -> AccountStanding:
        problem = self._problems.get(name)
        if name not in self._further:
            return AccountStanding(name, None, AccountStatus.FAILED, problem, 0)
        account, _ = self._further[name]
        services = account.services
        return AccountStanding(
            name,
            account.settings.mode,
            account.status,
            problem or account.problem,
            0 if services is None else len(services.fleet.sessions()),
        )


def _name_of(parts: Parts) -> str:
    match parts.settings:
        case AccountSettings(account=name):
            return f"account {name}"
        case _:
            return "the agent's own account"
