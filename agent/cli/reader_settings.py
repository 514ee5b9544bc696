"""`cardlane readers configuration`: which of Stripe's settings count at a reader."""

from __future__ import annotations

import json

import typer

from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.cli.reader_commands import ReaderArgument
from agent.cli.tables import table
from agent.stripe_api.objects import JsonObject, number_at, object_at, text_at


def configuration(
    reader: ReaderArgument,
    config: Config = None,
    url: Url = None,
    key_file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Show which of Stripe's settings count at a reader, and where each comes from."""
    api = open_local_api(AgentAddress(config, url, key_file))
    shown = api.get(f"/agent/readers/{reader}/configuration")
    typer.echo(json.dumps(shown) if as_json else settings_text(shown))


def settings_text(shown: JsonObject) -> str:
    """The settings as a table, with how old the knowledge of them is."""
    settings = object_at(shown, "settings")
    rows = [
        [name, text_at(settings, name, "source") or "", _value(settings, name)]
        for name in settings
    ]
    return f"{table(['SETTING', 'FROM', 'VALUE'], rows)}\n\n{_age(shown)}"


def _value(settings: JsonObject, name: str) -> str:
    value = object_at(settings, name).get("value")
    return "none" if value is None else json.dumps(value)


def _age(shown: JsonObject) -> str:
    where = text_at(shown, "location") or "no Location"
    age_s, problem = number_at(shown, "age_s"), text_at(shown, "problem")
    known = "never asked of Stripe" if age_s is None else f"as of {age_s} s ago"
    failed = "" if problem is None else f"; Stripe cannot be asked now ({problem})"
    return f"At {where}, {known}{failed}."
