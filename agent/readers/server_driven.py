"""Stripe's smart readers: asked together, seldom enough, and never twice at once.

Owns what is known of them and when to ask; what an answer means for a payment is not
known here. Nothing is kept on disk: Stripe has their records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from agent.clock import Clock
from agent.errors import AgentError
from agent.ids import ReaderId
from agent.log import get_logger
from agent.readers.polling import UsualLengths, aligned, wait_s
from agent.stripe_api import terminal_readers
from agent.stripe_api.client import StripeClient
from agent.stripe_api.errors import StripeUnreachable, TooManyRequests
from agent.stripe_api.objects import JsonObject, text_at
from agent.stripe_api.terminal_readers import StripesReader

log = get_logger(__name__)

TOGETHER_S = 0.02
"""How long a question waits for others that are due at the same time."""
HOLD_S = 2.0
"""How long nobody asks after a 429 that names no time; Stripe's wish counts more."""
LONGEST_HOLD_S = 60.0
WITHOUT_LIST_S = 60.0
"""How long readers are asked for singly after a list that did not have them."""

Answer = StripesReader | AgentError
"""An error is handed over as a value: nobody may be left to take it."""


class ServerDrivenReaders:
    """The questions about all of them."""

    def __init__(self, stripe: StripeClient, *, clock: Clock) -> None:
        self.usual = UsualLengths()
        self._stripe = stripe
        self._clock = clock
        self._asked: dict[ReaderId, asyncio.Future[Answer]] = {}
        self._known: dict[ReaderId, StripesReader] = {}
        self._news: dict[ReaderId, asyncio.Queue[StripesReader]] = {}
        self._held_until_s = 0.0
        self._singly_until_s = 0.0

    def known(self, reader_id: ReaderId) -> JsonObject | None:
        """The reader as it was last seen; None where it was not asked about."""
        reader = self._known.get(reader_id)
        return None if reader is None else reader.shown

    def is_any_online(self) -> bool:
        """Whether one of them was online when it was last seen."""
        return any(text_at(r.shown, "status") == "online" for r in self._known.values())

    def heard(self, shown: JsonObject) -> None:
        """Take note of a reader that Stripe has just shown to somebody."""
        reader = terminal_readers.reader_of(shown)
        self._known[reader.reader_id] = reader
        if reader.reader_id in self._news:
            self._news[reader.reader_id].put_nowait(reader)

    @contextmanager
    def watched(self, reader_id: ReaderId) -> Iterator[None]:
        """Within the context `next_look` misses nothing that is heard of the reader.

        A reader has one action, and so one watcher.
        """
        self._news[reader_id] = asyncio.Queue()
        try:
            yield
        finally:
            del self._news[reader_id]

    async def next_look(
        self, reader_id: ReaderId, *, action: str, age_s: float
    ) -> StripesReader:
        """The watched reader when its turn comes, or sooner where others have looked.

        `action` and `age_s` say of what type and how old its action is. Raises
        StripeUnreachable, and StripeRefused where the reader is gone.
        """
        now_s = self._clock.monotonic()
        pause_s = aligned(now_s, wait_s(age_s, usual_s=self.usual.of(action)))
        pause_s = max(pause_s, self._held_until_s - now_s)
        heard = await self._heard_within(reader_id, pause_s)
        return heard or await self.look(reader_id)

    async def look(self, reader_id: ReaderId) -> StripesReader:
        """The reader now; what several ask at once is one question. Raises as above."""
        answer = self._asked.get(reader_id)
        if answer is None:
            is_first = not self._asked
            answer = asyncio.get_running_loop().create_future()
            self._asked[reader_id] = answer
            if is_first:
                await self._ask_for_all()
        looked = await asyncio.shield(answer)
        if isinstance(looked, AgentError):
            raise looked
        return looked

    async def _heard_within(
        self, reader_id: ReaderId, seconds: float
    ) -> StripesReader | None:
        try:
            async with asyncio.timeout(seconds):
                return await self._news[reader_id].get()
        except TimeoutError:
            return None

    async def _ask_for_all(self) -> None:
        """Whoever asks first asks for all who join within a moment."""
        asked = self._asked
        answers: Mapping[ReaderId, Answer] = {}
        try:
            await self._clock.sleep(TOGETHER_S)
            self._asked = {}
            answers = await self._answers(list(asked))
        finally:
            if self._asked is asked:
                self._asked = {}
            given_up = StripeUnreachable("The question was given up.")
            for reader_id, waiting in asked.items():
                if not waiting.done():
                    waiting.set_result(answers.get(reader_id, given_up))

    async def _answers(self, reader_ids: Sequence[ReaderId]) -> dict[ReaderId, Answer]:
        found: dict[ReaderId, Answer] = {}
        if len(reader_ids) > 1 and self._clock.monotonic() >= self._singly_until_s:
            found = await self._listed(reader_ids)
        missing = [one for one in reader_ids if one not in found]
        singly = await asyncio.gather(*(self._retrieved(one) for one in missing))
        return found | dict(zip(missing, singly, strict=True))

    async def _listed(self, reader_ids: Sequence[ReaderId]) -> dict[ReaderId, Answer]:
        """Those that a single page has; all of them fail where it fails."""
        try:
            readers, has_more = await terminal_readers.listed(self._stripe)
        except AgentError as error:
            self._note(error)
            return dict.fromkeys(reader_ids, error)
        page = {reader.reader_id: reader for reader in readers}
        if has_more and not page.keys() >= set(reader_ids):
            self._singly_until_s = self._clock.monotonic() + WITHOUT_LIST_S
        found = {one: page[one] for one in reader_ids if one in page}
        self._known.update(found)
        return dict(found)

    async def _retrieved(self, reader_id: ReaderId) -> Answer:
        try:
            reader = await terminal_readers.retrieve_once(self._stripe, reader_id)
        except AgentError as error:
            self._note(error)
            return error
        self._known[reader_id] = reader
        return reader

    def _note(self, error: AgentError) -> None:
        """After a 429 all questions wait: others use the same account."""
        if isinstance(error, TooManyRequests):
            hold_s = min(error.retry_after_s or HOLD_S, LONGEST_HOLD_S)
            self._held_until_s = self._clock.monotonic() + hold_s
            log.warning("stripe.asked_too_often", hold_s=hold_s)
