"""What `cardlane locations` and `cardlane configurations` have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from agent.cli.failures import ExitCode, usage_error
from agent.cli.options import AgentAddress, Config, Json, KeyFile, Url, open_local_api
from agent.stripe_api.objects import JsonObject, object_at, text_at

if TYPE_CHECKING:
    from agent.cli.assignments import Assignments
    from agent.cli.local_api import LocalApi

CONFIGURATIONS = "/v1/terminal/configurations"
LOCATIONS = "/v1/terminal/locations"

ObjectId = Annotated[str, typer.Argument(help="Its id, as `list` shows it.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="One of Stripe's fields, such as tipping.usd.percentages=15,20,25; "
        "again for more. Passwords and passcodes as PATH=@FILE.",
    ),
]
Unset = Annotated[
    list[str] | None,
    typer.Option(
        "--unset", metavar="PATH", help="A field that is to go; again for more."
    ),
]


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """One of both kinds of objects: where they are, and how they are shown."""

    word: str
    """Stripe's word, capitalized."""
    path: str
    list_text: Callable[[LocalApi, Sequence[JsonObject]], str]
    text: Callable[[LocalApi, JsonObject], str]


def group_of(
    kind: ObjectKind, create: Callable[..., None], update: Callable[..., None]
) -> typer.Typer:
    """The group of commands; creating and updating is each kind's own."""
    words = f"{kind.word}s"
    group = typer.Typer(
        help=f"List, show, create, update and delete {words}.", no_args_is_help=True
    )
    group.command("list", help=f"List all {words}.")(_listing(kind))
    group.command("show", help=f"Show a {kind.word}, value by value.")(_showing(kind))
    group.command("create", help=f"Create a {kind.word} at Stripe.")(create)
    group.command("update", help=f"Change a {kind.word}; what is not named stays.")(
        update
    )
    group.command("delete", help=f"Delete a {kind.word}; asks first.")(_deleting(kind))
    return group


def _listing(kind: ObjectKind) -> Callable[..., None]:
    def list_all(
        config: Config = None,
        url: Url = None,
        key_file: KeyFile = None,
        as_json: Json = False,
    ) -> None:
        api = open_local_api(AgentAddress(config, url, key_file))
        listed = all_objects(api, kind.path)
        shown = {"object": "list", "data": listed, "has_more": False}
        typer.echo(json.dumps(shown) if as_json else kind.list_text(api, listed))

    return list_all


def _showing(kind: ObjectKind) -> Callable[..., None]:
    def show(
        object_id: ObjectId,
        config: Config = None,
        url: Url = None,
        key_file: KeyFile = None,
        as_json: Json = False,
    ) -> None:
        api = open_local_api(AgentAddress(config, url, key_file))
        tell(api, kind, api.get(path_of(kind, object_id)), as_json=as_json)

    return show


def _deleting(kind: ObjectKind) -> Callable[..., None]:
    def delete(
        object_id: ObjectId,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        config: Config = None,
        url: Url = None,
        key_file: KeyFile = None,
        as_json: Json = False,
    ) -> None:
        api = open_local_api(AgentAddress(config, url, key_file))
        _delete(api, kind, object_id, is_asked=not yes, as_json=as_json)

    return delete


def check_change(assignments: Assignments) -> None:
    """Raise CommandFailed for a change of nothing, or of the same thing twice."""
    from agent.cli.assignments import form_of

    if not form_of(assignments):
        raise usage_error("nothing is to be changed", remedy="See --help.")


def tell(api: LocalApi, kind: ObjectKind, shown: JsonObject, *, as_json: bool) -> None:
    """Print an object; a deleted one in a line."""
    if as_json:
        typer.echo(json.dumps(shown))
    elif shown.get("deleted") is True:
        typer.echo(f"{text_at(shown, 'id')} is deleted.")
    else:
        typer.echo(kind.text(api, shown))


def all_objects(api: LocalApi, path: str) -> list[JsonObject]:
    """All of a list, page by page. Raises CommandFailed."""
    objects: list[JsonObject] = []
    query = {"limit": "100"}
    while True:
        page = api.get(path, query)
        data = page.get("data")
        objects += [object_at(one) for one in data] if isinstance(data, list) else []
        if page.get("has_more") is not True or not objects:
            return objects
        query["starting_after"] = text_at(objects[-1], "id") or ""


def file_content(path: Path) -> str:
    """A file's text. Raises OSError, UnicodeError."""
    return path.read_text()


def path_of(kind: ObjectKind, object_id: str) -> str:
    """Where an object is, whatever its id is said to be."""
    return f"{kind.path}/{quote(object_id, safe='')}"


def _delete(
    api: LocalApi, kind: ObjectKind, object_id: str, *, is_asked: bool, as_json: bool
) -> None:
    from agent.cli.terminal_object_texts import name_of

    path = path_of(kind, object_id)
    if is_asked:
        name = name_of(api.get(path))
        what = f"{kind.word} {name} ({object_id})" if name != object_id else object_id
        if not typer.confirm(f"Delete {what}?", err=True):
            raise typer.Exit(ExitCode.CANCELED)
    tell(api, kind, api.delete(path), as_json=as_json)
