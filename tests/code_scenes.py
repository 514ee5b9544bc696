"""Where errors are provoked, and how their codes are read off: what register apps see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from asgi_client import Answer, AsgiClient
from flow_agent import Agent, Stack, good, running_agent, running_stack
from flow_cables import DYNAPROX, Hardware
from flow_world import running_world

from agent.rest.server import create_app
from agent.settings import PaymentSettings
from drivers.errors import DriverError
from drivers.reader import Reader

Scenario = Callable[[Path], Awaitable[str]]
"""Provokes an error in a folder of its own; the code that was seen."""
AtTheTill = Callable[[Stack], Awaitable[str]]

PORT = "/dev/till"
READERS = "/v1/terminal/readers"


def code_of(answer: Answer) -> str:
    """The code of an error, in either of the two forms."""
    assert answer.status >= 400, answer.body
    content = answer.json()
    return str(content["error"]["code"] if "error" in content else content["code"])


def at_the_till(
    act: AtTheTill,
    *,
    hardware: Hardware = DYNAPROX,
    payments: PaymentSettings | None = None,
) -> Scenario:
    """With an agent, a reader `counter`, Stripe, and nobody who presents a card."""

    async def scenario(folder: Path) -> str:
        async with running_stack(folder, hardware=hardware, payments=payments) as stack:
            return await act(stack)

    return scenario


def asked(method: str, path: str, **form: str) -> Scenario:
    """One request that is refused; `{reader}` in the path is the reader's id."""

    async def act(stack: Stack) -> str:
        target = path.format(reader=stack.reader)
        rest = stack.agent.rest
        if method == "POST":
            return code_of(await rest.post(target, form))
        return code_of(await rest.request(method, target))

    return at_the_till(act)


def with_headers(path: str = READERS, **headers: str) -> Scenario:
    """A question with other headers than a good caller's; `_` stands for `-`."""

    async def act(stack: Stack) -> str:
        spelt = {name.replace("_", "-"): value for name, value in headers.items()}
        return code_of(await stack.agent.rest.get(path, spelt))

    return at_the_till(act)


def caller(agent: Agent, *, key: str | None) -> AsgiClient:
    """Another caller of this agent."""
    return AsgiClient(create_app(agent.assembled.services), key=key)


def discovered(failure: Callable[[], DriverError]) -> Scenario:
    """What discovery says of a port on which a driver fails like this."""

    async def fail(spec: str, model: str | None) -> Reader:
        raise failure()

    async def scenario(folder: Path) -> str:
        async with (
            running_world() as world,
            running_agent(
                world, folder, serial_ports=(PORT,), open_reader=fail
            ) as agent,
        ):
            return str((await agent.discovered(f"serial:{PORT}"))["problem"])

    return scenario


async def failed(stack: Stack, card: str | None = None, **presented: Any) -> str:
    """The failure code of the next payment, with this card or with none."""
    if card is not None:
        stack.world.customer(card, **presented)
    action = await stack.agent.pay(stack.reader, await stack.agent.intent())
    assert action["status"] == "failed"
    return str(action["failure_code"])


def card_fails(card: str, entry: str = "contact") -> Scenario:
    """The failure code of a payment with this card."""

    async def act(stack: Stack) -> str:
        return await failed(stack, card, entry=entry)

    return at_the_till(act)


async def commanded(stack: Stack, command: str) -> Answer:
    """The reader is told to `connect`, `disconnect`, `reboot` or `identify`."""
    return await stack.agent.rest.post(f"/agent/readers/{stack.reader}/{command}")


__all__ = ["good"]
