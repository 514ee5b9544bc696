"""A register app at an agent that may die under its hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asgi_client import Answer
from flow_agent import Agent
from flow_world import World

from agent.events import PhaseChanged
from agent.ids import PaymentId
from agent.payments.states import FINAL, Phase

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, to be asked again to the letter."""

    path: str
    form: Form
    key: str


@dataclass
class Register:
    """Asks with idempotency keys, remembers what it was told and what it still awaits."""

    world: World
    agent: Agent
    reader: str
    is_smart: bool = False
    """Whether Stripe drives the reader."""
    intents: list[str] = field(default_factory=list)
    """What it has wanted to be paid for."""
    unanswered: Request | None = None
    """The call that was cut off."""
    told: dict[PaymentId, Phase] = field(default_factory=dict)
    """How payments ended, as far as it has heard."""
    _asked: int = 0

    async def process(self, intent: str, **form: str) -> Answer:
        """Have the reader take the payment; answers at once."""
        return await self.act(
            "process_payment_intent", {"payment_intent": intent, **form}
        )

    async def cancel(self) -> Answer:
        """Have the reader stop."""
        return await self.act("cancel_action", {})

    async def act(self, action: str, form: Form) -> Answer:
        """Ask the reader for an action."""
        return await self.ask(f"/v1/terminal/readers/{self.reader}/{action}", form)

    async def ask(self, path: str, form: Form) -> Answer:
        """One call; the errors that the documents allow are answers too."""
        self._asked += 1
        request = Request(path, form, f"register-{id(self)}-{self._asked}")
        self.unanswered = request
        answer = await self._send(request)
        self.unanswered = None
        return answer

    async def ask_again(self) -> None:
        """Repeat the call that was cut off, as Stripe's SDKs do by themselves."""
        if self.unanswered is not None:
            await self._send(self.unanswered)

    async def ended(self) -> None:
        """Return when the reader's action has ended."""
        await self.agent.ended(self.reader)

    async def new_intent(self, amount: int = 12_00, *, capture: str) -> str:
        """Something to be paid for; its id."""
        intent = await self.agent.intent(amount, capture=capture)
        self.intents.append(intent)
        return intent

    async def listen(self) -> None:
        """Note every end that is told, until canceled."""
        with self.agent.events.listen() as events:
            while True:
                event = await events.get()
                if isinstance(event, PhaseChanged) and event.phase in FINAL:
                    self.told[event.payment_id] = Phase(event.phase)

    async def _send(self, request: Request) -> Answer:
        return await self.agent.rest.post(
            request.path, request.form, {"idempotency-key": request.key}
        )
