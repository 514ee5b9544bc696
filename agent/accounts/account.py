"""One further account: begun, tried again where it fails, and taken out of service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

from agent.accounts.opening import Shared, begin, opened
from agent.accounts.renewal import note_seen, recognise, renew
from agent.assembly import Assembled, Parts
from agent.errors import AccountClosing, AccountUnsettled, AgentError, InternalError
from agent.log import get_logger, in_account
from agent.offline.standing import waiting
from agent.rest.services import Services
from agent.settings import AccountSettings, read_stripe_key

log = get_logger(__name__)

RETRY_S = 30.0
"""After a failure, until the account is begun anew."""
FINISH_S = 30.0
"""How long what is under way may take to end when the account is to go."""

Check = Callable[[Parts], None]
"""Raises AgentError where these parts must not go to work beside those at work."""


class AccountStatus(StrEnum):
    """Whether an account can be used. API."""

    WORKING = "working"
    CLOSING = "closing"
    """It ends what is under way and begins nothing."""
    FAILED = "failed"
    """It could not begin, or broke off; it is tried again."""


class Account:
    """An account from its first start to its end. `run` is its only task."""

    def __init__(
        self, settings: AccountSettings, *, shared: Shared, check: Check
    ) -> None:
        self.settings = settings
        self.name = settings.account
        self.problem: AgentError | None = None
        """What was wrong the last time; None where all is well."""
        self.is_closing = False
        self._shared = shared
        self._check = check
        self._working: tuple[Parts, Assembled] | None = None
        self._callers = 0
        self._left_alone = asyncio.Event()
        self._tried = asyncio.Event()
        self._end = asyncio.Event()

    @property
    def status(self) -> AccountStatus:
        """Whether it can be used."""
        if self._working is None:
            return AccountStatus.FAILED
        return AccountStatus.CLOSING if self.is_closing else AccountStatus.WORKING

    @property
    def parts(self) -> Parts | None:
        """What it works with; None while it does not."""
        return None if self._working is None else self._working[0]

    @property
    def services(self) -> Services | None:
        """What its routes work with; None while it does not."""
        return None if self._working is None else self._working[1].services

    async def run(self) -> None:
        """Work until `end`; what fails is told and tried again."""
        with in_account(self.name):
            while not self._end.is_set():
                try:
                    await self._work()
                except AgentError as error:
                    self._fail(error)
                except Exception:
                    # The account's outermost loop: its defect is no other account's.
                    log.exception("account.defect")
                    self._fail(InternalError(f"Account {self.name} broke off."))
                finally:
                    self._working = None
                    self._tried.set()
                if not self._end.is_set():
                    await self._rest()

    async def tried(self) -> None:
        """Return when it works, or has failed to."""
        await self._tried.wait()

    async def renew_key(self, settings: AccountSettings) -> None:
        """Take another key of the account and its mode into use, if `settings` have one.

        Raises SettingsInvalid, StripeKeyNotRenewed.
        """
        if self._working is None:
            return
        parts, _ = self._working
        key = read_stripe_key(settings, self._shared.environ)
        is_new = await renew(
            parts.stripe, key, livemode=parts.livemode, journal=parts.journal
        )
        if is_new and key is not None:
            note_seen(key, folder=settings.state_dir)

    @contextmanager
    def beginning(self) -> Iterator[None]:
        """Within the context something may begin; raises AccountClosing.

        Whoever takes the account out of service waits for those who are there.
        """
        if self.is_closing:
            raise AccountClosing(f"Account {self.name} is being taken out of service.")
        self._callers += 1
        try:
            yield
        finally:
            self._callers -= 1
            if not self._callers:
                self._left_alone.set()

    async def pause(self) -> None:
        """Begin nothing more, and let charges under way end: it comes back at once."""
        self.is_closing = True
        await self.drain(timeout_s=FINISH_S)

    async def finish(self) -> None:
        """Begin nothing more, let what is under way end, and have nothing left over.

        Raises AccountUnsettled where something is, with the account at work as before.
        """
        if self._working is None:
            return
        parts, assembled = self._working
        self.is_closing = True
        try:
            await _finish(assembled)
            await self._until_left_alone()
            await _finish(assembled)
            left = len(parts.journal.unfinished())
            stored = waiting(parts.journal).payments
            if left or stored:
                raise AccountUnsettled(
                    f"Account {self.name} stays: {left} payments are not settled, "
                    f"{stored} wait to be forwarded."
                )
        except AgentError:
            self.is_closing = False
            raise

    async def drain(self, *, timeout_s: float) -> None:
        """Let payments end whose card was collected."""
        if self._working is not None:
            await self._working[1].actions.drain(timeout_s=timeout_s)

    def end(self) -> None:
        """Have `run` return, as soon as everything of the account is closed."""
        self.is_closing = True
        self._end.set()

    async def _work(self) -> None:
        async with opened(self.settings, self._shared) as parts:
            self._check(parts)
            await recognise(
                parts.stripe, journal=parts.journal, folder=self.settings.state_dir
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    assembled = begin(parts, tasks=tasks)
                    self._working, self.problem = (parts, assembled), None
                    self._tried.set()
                    log.info("account.working", livemode=parts.livemode)
                    await self._end.wait()
                    raise _Ended
            except* _Ended:
                log.info("account.ended")
            finally:
                if self._working is not None:
                    self._working[1].services.outbox.stream.close()

    def _fail(self, error: AgentError) -> None:
        if self.problem is None or self.problem.message != error.message:
            log.error("account.failed", code=error.code, reason=error.message)
        self.problem = error

    async def _until_left_alone(self) -> None:
        """Whoever was let in before may have begun something meanwhile."""
        self._left_alone.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_S):
                while self._callers:
                    await self._left_alone.wait()

    async def _rest(self) -> None:
        resting = asyncio.ensure_future(self._shared.clock.sleep(RETRY_S))
        ending = asyncio.ensure_future(self._end.wait())
        try:
            await asyncio.wait({resting, ending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resting.cancel()
            ending.cancel()


async def _finish(assembled: Assembled) -> None:
    """Cancel what nobody has paid yet; wait for the rest."""
    for session in assembled.fleet.sessions():
        with suppress(AgentError):
            await assembled.actions.cancel_action(session.record.reader_id)
    await assembled.actions.drain(timeout_s=FINISH_S)


class _Ended(Exception):
    """Ends the TaskGroup: everything in it is cancelled."""
