"""Who answers BlueZ's questions when a reader is paired, and how pairing then goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dbus_fast import Message, MessageType

from simulator.reader.wires.bluez_objects import AGENT, bluez_error
from simulator.reader.wires.bluez_wire import BluezWire, Bonding

_TYPES_PASSKEYS = frozenset({"KeyboardOnly", "KeyboardDisplay", ""})
"""Capabilities of an agent that can be asked for a passkey; empty means the last."""

_ANSWER_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Agent:
    """A program that a person answers through."""

    client: str
    path: str
    capability: str


class Agents:
    """One agent a client; the default one speaks for clients that have none."""

    def __init__(self) -> None:
        self._by_client: dict[str, Agent] = {}
        self._default: str | None = None

    def register(self, agent: Agent) -> None:
        """Raises DBusError where the client has one already."""
        if agent.client in self._by_client:
            raise bluez_error("AlreadyExists", "Already Exists")
        self._by_client[agent.client] = agent

    def unregister(self, client: str) -> None:
        """Harmless where there is none."""
        self._by_client.pop(client, None)
        if self._default == client:
            self._default = None

    def make_default(self, client: str) -> None:
        """Raises DBusError where the client has no agent."""
        if client not in self._by_client:
            raise bluez_error("DoesNotExist", "Does Not Exist")
        self._default = client

    def of(self, client: str) -> Agent | None:
        """The client's own agent, or the default one."""
        return self._by_client.get(client) or self._by_client.get(self._default or "")


CallAgent = Callable[[Message], Awaitable[Message]]


async def pair(wire: BluezWire, agent: Agent | None, *, call: CallAgent) -> None:
    """Connect and bond; raises DBusError where either side does not want to."""
    await wire.connect()
    if wire.options.bonding is Bonding.REFUSED or agent is None:
        raise bluez_error("AuthenticationFailed", "Authentication Failed")
    if wire.options.bonding is not Bonding.PASSKEY:
        await _ask(agent, "RequestAuthorization", ("o", [wire.path]), call=call)
    elif agent.capability not in _TYPES_PASSKEYS:
        raise bluez_error("AuthenticationFailed", "Authentication Failed")
    else:
        answer = await _ask(agent, "RequestPasskey", ("o", [wire.path]), call=call)
        if answer.body != [wire.passkey]:
            raise bluez_error("AuthenticationFailed", "Authentication Failed")
    wire.bond()


async def _ask(
    agent: Agent, member: str, body: tuple[str, list[Any]], *, call: CallAgent
) -> Message:
    signature, values = body
    question = Message(
        destination=agent.client,
        path=agent.path,
        interface=AGENT,
        member=member,
        signature=signature,
        body=values,
    )
    answer = await asyncio.wait_for(call(question), timeout=_ANSWER_TIMEOUT_S)
    if answer.message_type is MessageType.ERROR:
        raise bluez_error("AuthenticationRejected", "Authentication Rejected")
    return answer
