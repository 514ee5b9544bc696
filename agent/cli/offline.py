"""`cardlane offline`: what is stored while Stripe cannot be reached, and its key."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.failures import usage_error
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.tables import table
from agent.stripe_api.objects import Json as Content
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at

STORE = "/agent/offline"


def offline_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Payments that are stored until Stripe can be reached.",
        no_args_is_help=True,
    )
    group.command()(status)
    group.command()(forward)
    group.command()(key)
    return group


def status(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Show what is stored, what has become of it, and what keeps it here."""
    shown = open_local_api(AgentAddress(config, url, key_file)).get(STORE)
    typer.echo(json.dumps(shown) if as_json else status_text(shown))


def forward(
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Forward now, also what has failed before."""
    api = open_local_api(AgentAddress(config, url, key_file))
    shown = api.post(STORE, {"action": "forward"})
    typer.echo(json.dumps(shown) if as_json else "Forwarding; see `offline status`.")


def key(
    file: Annotated[Path, typer.Argument(help="Where to put it; must not exist.")],
) -> None:
    """Make a key that seals stored payments, in a file that only its owner can read."""
    from secrets import token_bytes

    from agent.settings.offline_key import KEY_BYTES, OfflineKey

    made = OfflineKey(token_bytes(KEY_BYTES))
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise usage_error(
            f"{file}: {error.strerror}",
            remedy="Choose a file that does not exist, in a folder of yours.",
        ) from error
    with os.fdopen(descriptor, "w") as written:
        written.write(made.text() + "\n")
    typer.echo(f"{file}: key {made.key_id}. Keep a copy where the journal is not.")


def status_text(shown: JsonObject) -> str:
    """What `GET /agent/offline` answers, for people."""
    rows = [
        [state, str(number_at(total, "payments")), _amounts(total)]
        for state, total in object_at(shown, "totals").items()
        if number_at(total, "payments")
    ]
    headings = ("STATUS", "PAYMENTS", "AMOUNT")
    lines = [table(headings, rows) if rows else "Nothing was ever stored here."]
    problem = object_at(shown, "problem")
    if problem:
        lines.append(f"Waiting: {text_at(problem, 'message')}")
        lines.append(f"  {text_at(problem, 'remedy')}")
    lines += [_damage_line(each) for each in _listed(shown, "damages")]
    lines += [
        f"{text_at(each, 'payment')}: {text_at(each, 'status')}, "
        f"{text_at(each, 'failure_message') or text_at(each, 'failure_code')}"
        for each in _listed(shown, "payments")
        if text_at(each, "status") in {"declined", "failed"}
    ]
    return "\n".join(lines)


def _amounts(total: Content) -> str:
    from agent.money import Amount

    amounts = object_at(total, "amounts").items()
    return ", ".join(
        str(Amount(minor, currency))
        for currency, minor in amounts
        if isinstance(minor, int)
    )


def _damage_line(damage: Content) -> str:
    entry, payment = number_at(damage, "seq"), text_at(damage, "payment")
    where = payment or f"entry {entry}"
    return f"Damaged: {where} ({text_at(damage, 'damage')}); see docs/offline.md."


def _listed(shown: JsonObject, name: str) -> list[Content]:
    found = shown.get(name)
    return found if isinstance(found, list) else []
