"""Listening to a card read, whatever the reader: to its end, or until something comes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from drivers.reader import (
    EncryptedCard,
    OnlineRequested,
    Transaction,
    TransactionEvent,
)


async def events_to_the_end(transaction: Transaction) -> list[TransactionEvent]:
    return [event async for event in transaction]


async def next_event(transaction: Transaction) -> TransactionEvent:
    async for event in transaction:
        return event
    raise AssertionError("no event")


async def until_online(transaction: Transaction) -> EncryptedCard:
    async for event in transaction:
        if isinstance(event, OnlineRequested):
            return event.card
    raise AssertionError("the card did not go online")


async def while_answering(
    doing: Coroutine[Any, Any, None], answering: Coroutine[Any, Any, object]
) -> None:
    await asyncio.gather(doing, answering)
