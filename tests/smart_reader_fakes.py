"""Stripe's smart readers in tests of the REST API: what is known of them, no actions."""

from __future__ import annotations

from collections.abc import Callable

from agent.errors import AgentError, StripeUnreachable
from agent.ids import ReaderId
from agent.journal.answers import StoredAnswer
from agent.payments.forwarded import ForwardedAction
from agent.payments.payment import Payment
from agent.rest.reader_object import JsonObject


class FakeSmartReaders:
    """Fulfils agent.rest.services.SmartActions and SmartReaders."""

    def __init__(self) -> None:
        self.refusal: AgentError = StripeUnreachable("no route")
        """What every action meets: they are tried against the simulated Stripe."""
        self._known: dict[str, JsonObject] = {}

    def known(self, reader_id: ReaderId) -> JsonObject | None:
        return self._known.get(reader_id)

    def is_any_online(self) -> bool:
        return any(shown.get("status") == "online" for shown in self._known.values())

    def heard(self, shown: JsonObject) -> None:
        self._known[str(shown.get("id"))] = shown

    async def begin(
        self,
        reader_id: ReaderId,
        wanted: ForwardedAction,
        *,
        answer: Callable[[Payment], StoredAnswer] | None,
    ) -> Payment:
        raise self.refusal

    async def cancel_action(self, reader_id: ReaderId) -> None:
        raise self.refusal
