"""Carrying orders out: each once, only those that are allowed, and with an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.clock import Clock
from agent.errors import AgentError
from agent.fleet import documents
from agent.fleet.orders import Command, Order, OrderRefused, check, verify
from agent.journal.audit import Audited
from agent.journal.fleet import FleetStore
from agent.log import get_logger
from drivers.errors import DriverError

log = get_logger(__name__)

Carry = Callable[[Order], Awaitable[Mapping[str, Any]]]
"""Does what an order says; what it answers is the order's result."""


class PartlyDone(Exception):
    """An order that failed at some readers; `result` says what became of each."""

    def __init__(self, code: str, message: str, result: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        self.result = result


@dataclass(frozen=True, slots=True)
class Obedience:
    """Whose orders this machine takes, and what it can be told."""

    machine: str
    keys: Mapping[str, Ed25519PublicKey]
    allowed: frozenset[Command]
    store: FleetStore
    clock: Clock
    deeds: Mapping[Command, Carry]

    async def obey(self, payload: bytes) -> bytes:
        """Carry the order out, or say why not: the answer to send.

        Raises JournalUnavailable where it cannot be written down that it was taken: then
        nothing was done.
        """
        order_id = None
        try:
            order, key_name = verify(payload, self.keys)
            order_id = order.order_id
            now = self.clock.now()
            check(order, machine=self.machine, now=now, allowed=self.allowed)
            subject = order.reader or "agent"
            audited = Audited(f"fleet:{key_name}", f"order_{order.command}", subject)
            if not await self.store.take(
                order_id, expires_at=order.expires_at, now=now, audited=audited
            ):
                raise OrderRefused("order_replayed", "It was taken before.")
        except OrderRefused as refused:
            log.warning("fleet.order_refused", order_id=order_id, code=refused.code)
            return documents.answer(
                order_id, "refused", code=refused.code, message=str(refused)
            )
        log.info("fleet.order_taken", order_id=order_id, command=order.command)
        return await self._carried_out(order)

    async def _carried_out(self, order: Order) -> bytes:
        try:
            result = await self.deeds[order.command](order)
        except (AgentError, DriverError, PartlyDone) as error:
            return documents.answer(
                order.order_id,
                "failed",
                code=error.code,
                message=str(error),
                result=error.result if isinstance(error, PartlyDone) else None,
            )
        return documents.answer(order.order_id, "done", result=result)
