"""Following a firmware update to its end: with a bar on a terminal, else in lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from agent.cli.failures import CommandFailed, ExitCode
from agent.cli.firmware_texts import FINAL_STATES, state_line
from agent.cli.local_api import LocalApi
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at

POLL_S = 0.5
PATIENCE_S = 120.0
"""How long an agent that is gone is waited for: it may be restarting."""

Show = Callable[[JsonObject], None]


def follow(
    api: LocalApi,
    path: str,
    *,
    show: Show,
    sleep: Callable[[float], None] = time.sleep,
) -> JsonObject:
    """The update at `path` once it has ended, shown whenever it is looked at.

    Raises CommandFailed where the agent stays away.
    """
    silent_s = 0.0
    while True:
        try:
            update = object_at(api.get(path), "update")
        except CommandFailed as failure:
            if failure.exit_code is not ExitCode.UNREACHABLE or silent_s >= PATIENCE_S:
                raise
            silent_s += POLL_S
        else:
            silent_s = 0.0
            show(update)
            if text_at(update, "state") in FINAL_STATES:
                return update
        sleep(POLL_S)


@contextmanager
def display() -> Iterator[Show]:
    """Shows an update on stderr, as that is a terminal or not."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


@contextmanager
def _bar() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=100)

        def show(update: JsonObject) -> None:
            percent = number_at(update, "percent") or 0
            progress.update(task, completed=percent, description=state_line(update))

        yield show


def _lines() -> Show:
    """A line for each state, and for each tenth of the image."""
    shown: set[tuple[object, ...]] = set()

    def show(update: JsonObject) -> None:
        tenth = (number_at(update, "percent") or 0) // 10
        what = (update.get("state"), update.get("waits_for"), tenth)
        if what not in shown:
            shown.add(what)
            typer.echo(state_line(update), err=True)

    return show
