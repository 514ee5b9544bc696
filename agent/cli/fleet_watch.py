"""The fleet on a terminal: live, or once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from agent.fleet.link import Broker
from agent.fleet.office import heard, office
from agent.fleet.view import Machine, View

SETTLED_S = 1.0
"""What is retained has come once nothing more has come for so long."""


async def watch_once(broker: Broker, *, prefix: str) -> list[Machine]:
    """The machines that the broker tells of right now."""
    view = View(prefix=prefix)
    async with office(broker) as client:
        messages = heard(client, prefix)
        try:
            while True:
                async with asyncio.timeout(SETTLED_S):
                    view.hear(*await anext(messages))
        except TimeoutError:
            return view.machines()


async def watch_live(broker: Broker, *, prefix: str, columns: Sequence[str]) -> None:
    """A table on the terminal that follows the fleet, until interrupted."""
    from rich.live import Live
    from rich.table import Table

    def table() -> Table:
        shown = Table(*columns)
        for machine in view.machines():
            shown.add_row(*machine.row())
        return shown

    view = View(prefix=prefix)
    async with office(broker) as client:
        with Live(table(), refresh_per_second=4) as live:
            async for topic, payload in heard(client, prefix):
                if view.hear(topic, payload):
                    live.update(table())


def table_text(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for files and pipes: columns of equal width."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
