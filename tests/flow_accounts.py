"""Several accounts in one running agent, each with a simulated Stripe of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any, cast

from asgi_client import AsgiClient
from flow_agent import Agent, good, opening
from flow_disk import FlowJournal, open_flow_journal
from flow_world import STRIPE_KEY, World
from mortality import Fate, MortalConnections
from own_task import at_work
from port_news import News
from skipping_loop import LoopClock
from starlette.types import ASGIApp

from agent.accounts.accounts import Accounts
from agent.accounts.opening import Shared, begin, opened
from agent.assembly import Assembled, Parts
from agent.journal.journal import Journal
from agent.rest.auth import KeyScope, make_key
from agent.rest.server import create_app
from agent.rest.services import Services
from agent.settings import ReaderSettings, Settings, StripeSettings
from agent.stripe_api.answers import Answer

OTHER_KEY = "rk_test_" + "elsewhere" * 4


@dataclass(frozen=True)
class Hall:
    """A machine with one merchant or several."""

    world: World
    """Whose Stripe is the own account's, and whose readers are the machine's."""
    folder: Path
    accounts: Accounts
    app: ASGIApp
    own: Agent
    keys_used: set[str]
    """The ends of the keys that Stripe was asked with."""
    agents: dict[str, Agent] = field(default_factory=dict)
    """The further accounts, as their registers use them."""

    def write(
        self,
        name: str,
        *,
        stripe: World | None = None,
        key: str = OTHER_KEY,
        mode: str = "test",
        more: str = "",
    ) -> Path:
        """The account's file and key, as an administrator lays them down."""
        url = (stripe or self.world).url
        state = self.folder / "accounts" / name
        state.mkdir(parents=True, exist_ok=True)
        (state / "stripe_api_key").touch(mode=0o600)
        (state / "stripe_api_key").write_text(key)
        file = self.files / f"{name}.toml"
        self.files.mkdir(exist_ok=True)
        file.write_text(f'mode = "{mode}"\n{more}[stripe]\napi_base = "{url}"\n')
        return file

    @property
    def files(self) -> Path:
        """Where the accounts' files are."""
        return self.folder / "accounts.d"

    async def add(self, name: str, **written: Any) -> Agent:
        """Add the account while the others work, with a key for its registers."""
        self.write(name, **written)
        await self.accounts.reload()
        return await self.agent(name)

    async def agent(self, name: str) -> Agent:
        """The account at work, with a new key for a register."""
        services = self.accounts.others[name]
        self.agents[name] = await _agent(services, self.app)
        return self.agents[name]

    def status(self, name: str) -> str:
        """`working`, `closing` or `failed`."""
        return {one.name: str(one.status) for one in self.accounts.standings()}[name]

    def problem(self, name: str | None) -> str | None:
        """The code of what is wrong with the account."""
        standings = {one.name: one for one in self.accounts.standings()}
        problem = standings[name].problem
        return None if problem is None else problem.code

    def names(self) -> list[str]:
        """The further accounts at work."""
        return sorted(self.accounts.others)

    async def operators(self, **form: str) -> Any:
        """What the machine's operator is shown of the accounts, or changes in them."""
        if form:
            return good(await self.own.rest.post("/agent/accounts", form))["accounts"]
        return good(await self.own.rest.get("/agent/accounts"))["accounts"]


class KeyNotingConnections(MortalConnections):
    """The way to Stripe, where the ends of the keys used can be seen."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(fate)
        self.keys_used: set[str] = set()

    async def exchange(
        self, method: str, target: str, *, headers: Mapping[str, str], **rest: Any
    ) -> Answer:
        self.keys_used.add(headers["authorization"][-4:])
        return await super().exchange(method, target, headers=headers, **rest)


@asynccontextmanager
async def running_hall(
    world: World,
    folder: Path,
    *,
    fate: Fate | None = None,
    key: str | None = STRIPE_KEY,
) -> AsyncIterator[Hall]:
    """An agent with its own account, and those whose files are in `folder` already."""
    clock = LoopClock()
    async with KeyNotingConnections(fate or Fate(folder)) as connections:

        async def open_journal(path: Path) -> Journal:
            path.parent.mkdir(parents=True, exist_ok=True)
            return open_flow_journal(path, clock=clock, fate=fate)

        shared = Shared(
            {},
            clock,
            token_bytes,
            connections,
            open_journal,
            watch=News().watch,
            open_reader=opening(world, None, fate),
        )
        async with (
            opened(_settings(world, folder, key), shared) as parts,
            at_work(partial(_begun, parts, shared)) as (accounts, assembled),
        ):
            app = create_app(assembled.services, accounts)
            own = await _agent(assembled.services, app)
            used = connections.keys_used
            hall = Hall(world, folder, accounts, app, own, used)
            for name in accounts.others:
                await hall.agent(name)
            yield hall


def _settings(world: World, folder: Path, key: str | None) -> Settings:
    file = folder / "stripe_api_key"
    if key is not None:
        file.touch(mode=0o600)
        file.write_text(key)
    return Settings(
        state_dir=folder,
        accounts_dir=folder / "accounts.d",
        readers=ReaderSettings(serial_ports=()),
        stripe=StripeSettings(
            api_base=world.url, api_key_file=None if key is None else file
        ),
    )


async def _agent(services: Services, app: ASGIApp) -> Agent:
    made = make_key(
        frozenset(KeyScope),
        label="register",
        livemode=services.livemode,
        random=token_bytes,
        at=services.clock.now(),
    )
    await services.journal.keys.put(made.record)
    fleet, actions = cast(Any, services.fleet), cast(Any, services.actions)
    return Agent(
        AsgiClient(app, key=made.secret),
        cast(FlowJournal, services.journal),
        Assembled(fleet, actions, services),
    )


async def _begun(
    parts: Parts, shared: Shared, tasks: asyncio.TaskGroup
) -> tuple[Accounts, Assembled]:
    assembled = begin(parts, tasks=tasks)
    accounts = Accounts(parts, assembled, shared=shared, tasks=tasks)
    await accounts.begin()
    return accounts, assembled
