"""Puts the simulators together: the one place that builds things and picks a seed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded here, passed in everywhere else
from typing import TYPE_CHECKING, Any

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.cards.book import CardBook
from simulator.clock import AdjustableClock, Clock
from simulator.emv.issuer import SimulatedIssuer
from simulator.emv.kernel import Kernel
from simulator.errors import ControlInvalid
from simulator.reader.device import ReaderPlan, SimulatedReader
from simulator.reader.models import MODELS
from simulator.reader.readers import Readers
from simulator.reader.rules import Rules
from simulator.reader.wires import BLUETOOTH, wire_for
from simulator.reader.wires.wire import Nameplate, Wire
from simulator.stripe_api.app import StripeApi
from simulator.stripe_api.smart_readers.card_slot import CardSlot

if TYPE_CHECKING:
    from simulator.reader.wires.bluez import SimulatedBluetooth

DEFAULT_MODEL = "magtek_dynaprox"


@dataclass(frozen=True, slots=True)
class ReaderOrder:
    """A reader that is wanted."""

    name: str
    wire: str | Wire
    """A spec such as `pty:PATH`, or a wire of one's own."""
    model: str = DEFAULT_MODEL


@dataclass(frozen=True, slots=True)
class Simulator:
    """Everything of one simulator; readers are plugged by whoever serves `app`."""

    clock: AdjustableClock
    cards: CardBook
    issuer: SimulatedIssuer
    stripe_api: StripeApi
    readers: Readers
    rules: Rules
    bluetooth: SimulatedBluetooth | None
    """To be run on a D-Bus, where a reader is on the air."""
    app: ASGIApp
    """Stripe's API under `/v1` and the control of everything under `/simulator`."""


def build_simulator(
    *,
    clock: Clock,
    readers: Sequence[ReaderOrder] = (),
    secret_keys: Set[str] = frozenset(),
    card_folders: Sequence[Path] = (),
    seed: int | None = None,
    webhook_hosts: Set[str] = frozenset(),
    seeds: Sequence[Any] = (),
    state_file: Path | None = None,
) -> Simulator:
    """One simulated Stripe account and `readers`, all of one bank.

    Without `secret_keys` every well-formed one is accepted; with `seed` all ids and
    faults repeat. Webhooks go to this machine and to `webhook_hosts`. The account
    begins with what is in `state_file`, or else with `seeds`. Raises WireUnavailable,
    CardFileInvalid or ControlInvalid.
    """
    random = _random(seed)
    cards = CardBook.load(*card_folders)
    issuer = SimulatedIssuer(cards)
    adjustable = AdjustableClock(clock)
    kernel = Kernel(clock=adjustable, random_bytes=random)
    api = StripeApi(
        issuer=issuer,
        clock=adjustable,
        signing_clock=clock,
        random=random,
        slot=CardSlot(cards, kernel=kernel),
        keys=secret_keys,
        webhook_hosts=webhook_hosts,
        seeds=seeds,
        state_file=state_file,
    )
    made = partial(
        SimulatedReader, cards=cards, kernel=kernel, clock=adjustable, random=random
    )
    bluetooth = _bluetooth(readers, clock)
    built = Readers(made(_plan(order, bluetooth)) for order in readers)
    rules = Rules(built, clock=adjustable)
    control = partial(
        _control, clock=adjustable, api=api, readers=built, rules=rules, cards=cards
    )
    app = Router(routes=api.routes, default=_Deferred(control))
    return Simulator(adjustable, cards, issuer, api, built, rules, bluetooth, app)


def _control(
    *,
    clock: AdjustableClock,
    api: StripeApi,
    readers: Readers,
    rules: Rules,
    cards: CardBook,
) -> ASGIApp:
    # Pydantic is a third of the start-up time, and not everyone uses control.
    from simulator.control.application import control_application

    return control_application(
        clock=clock, stripe_api=api, readers=readers, rules=rules, cards=cards
    )


def _random(seed: int | None) -> Callable[[int], bytes]:
    if seed is None:
        return os.urandom
    return Random(seed).randbytes  # noqa: S311 - repeats on purpose


class _Deferred:
    """An application that is made when it is first asked something."""

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)


def _bluetooth(
    readers: Sequence[ReaderOrder], clock: Clock
) -> SimulatedBluetooth | None:
    wires = [order.wire for order in readers]
    if not any(isinstance(wire, str) and wire.startswith(BLUETOOTH) for wire in wires):
        return None
    from simulator.reader.wires.bluez import SimulatedBluetooth

    return SimulatedBluetooth(clock=clock)


def _plan(order: ReaderOrder, bluetooth: SimulatedBluetooth | None) -> ReaderPlan:
    if order.model not in MODELS:
        known = ", ".join(sorted(MODELS))
        raise ControlInvalid(f"no reader model {order.model!r}, only {known}")
    # The same name has the same serial number, run after run.
    serial_number = f"B{zlib.crc32(order.name.encode()) & 0xFFFFFFF:07X}"
    nameplate = partial(_nameplate, order.model, serial_number)
    wire = order.wire
    return ReaderPlan(
        name=order.name,
        make_model=MODELS[order.model],
        wire=wire_for(wire, nameplate, bluetooth=bluetooth)
        if isinstance(wire, str)
        else wire,
        serial_number=serial_number,
    )


def _nameplate(model: str, serial_number: str) -> Nameplate:
    # Profiles come with pydantic: see `_control`.
    from drivers.profile import profile_named

    return Nameplate(profile_named(model), serial_number)
