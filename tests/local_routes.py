"""Every route of the local API, with the scopes that docs/rest.md promises for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass

from asgi_client import Answer, AsgiClient
from house import ROOT
from rest_fakes import Agent, new_key
from route_fuzzing import declared_routes, filled

from agent.rest.auth import KeyScope, hash_of
from agent.rest.forwarding import RESOURCES

_SCOPED = re.compile(r"^\| `([A-Z]+ /\S+)` \| ([^|]+) \|", re.MULTILINE)
_PASSED_ON = re.compile(r"^\| `(/v1/\S+)` \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)


@dataclass(frozen=True)
class LocalRoute:
    """One method of one route."""

    method: str
    path: str
    scopes: frozenset[KeyScope]
    """Any of them is enough; none where no key is asked for."""

    @property
    def others(self) -> frozenset[KeyScope]:
        """The scopes that do not open it."""
        return frozenset(KeyScope) - self.scopes

    async def ask(self, client: AsgiClient, **headers: str) -> Answer:
        """The answer to a request with nothing in it; a stream is left at once."""
        at_once = asyncio.Event()
        at_once.set()
        return await client.hang_up_on(
            filled(self.path), headers, when=at_once, method=self.method
        )


def local_routes() -> list[LocalRoute]:
    """All of them, with what the document says."""
    text = (ROOT / "docs/rest.md").read_text()
    scoped = dict(_SCOPED.findall(text))
    passed_on = {path: cells for path, *cells in _PASSED_ON.findall(text)}
    return [
        LocalRoute(method, path, _scopes(_cell(method, path, scoped, passed_on)))
        for method, path in (
            (method, route.path) for method, route in declared_routes()
        )
    ]


def posted_paths() -> list[str]:
    """The paths of all routes that read a body, as far as they know what it is for."""
    return [
        # Stripe's test helpers are for Stripe's readers, of whom nothing is known here.
        filled(route.path, "tmr_9" if "test_helpers" in route.path else "tmr_1")
        for route in local_routes()
        if route.method == "POST" and "pi_offline_" not in route.path
    ]


def keyed_routes() -> list[LocalRoute]:
    """Those for which a key is needed."""
    return [route for route in local_routes() if route.scopes]


async def revoked_client(agent: Agent) -> AsgiClient:
    """A caller whose key could do everything, once."""
    key = await new_key(agent.journal, *list(KeyScope)[1:])
    record = agent.journal.keys.find(hash_of(key))
    assert record is not None
    await agent.journal.keys.revoke(record.key_id, agent.clock.now())
    return AsgiClient(agent.app, key=key)


def code_of(answer: Answer) -> str:
    """The code of an error, in whichever form."""
    content = answer.json()
    return str(content.get("error", content)["code"])


def _cell(
    method: str, path: str, scoped: dict[str, str], passed_on: dict[str, list[str]]
) -> str:
    for resource in RESOURCES:
        if path.startswith(resource.path):
            read, write = passed_on[resource.path]
            return read if method == "GET" else write
    return scoped[f"{method} {re.sub('{[a-z_]+}', ':id', path)}"]


def _scopes(cell: str) -> frozenset[KeyScope]:
    return frozenset(KeyScope) if cell.strip() == "any" else frozenset(_named(cell))


def _named(cell: str) -> Iterator[KeyScope]:
    if cell.strip() != "no key":
        for word in re.split(r", | or ", cell.strip()):
            yield KeyScope(word)
