"""`--set path=value` and its like: from the command line to Stripe's form. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

from agent.cli.failures import CommandFailed, ExitCode
from agent.stripe_api.objects import Json, JsonObject, object_at
from agent.terminal_configuration.file_content import SECRET

Assignments = Sequence[tuple[tuple[str, ...], Sequence[str] | str]]
"""Where in the object, and which value; an empty text unsets what is there."""

LISTS = frozenset({"fixed_amounts", "percentages"})
"""Members that are lists of whole numbers; elsewhere a comma is a part of the value."""
_SECRETS = ("passcode", "password")
_PART = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_NUMBER = re.compile(r"\d+", re.ASCII)


def is_secret(name: str) -> bool:
    """Whether a member holds a passcode or password, going by its name."""
    return name.endswith(_SECRETS)


def set_values(given: Iterable[str], read: Callable[[Path], str]) -> Assignments:
    """What `--set` says; `read` gives the content of a file. Raises CommandFailed."""
    return [_set_value(one, read) for one in given]


def unset_values(given: Iterable[str]) -> Assignments:
    """What `--unset` says. Raises CommandFailed."""
    return [(_path(one, f"--unset {one}"), "") for one in given]


def metadata_values(given: Iterable[str]) -> Assignments:
    """What `--metadata KEY=VALUE` says; no value deletes the key. Raises CommandFailed."""
    return [(("metadata", key), value) for key, value in map(_metadata, given)]


def option_values(given: Iterable[tuple[str, str | None]]) -> Assignments:
    """What options with names of their own say, by their paths; None is not given."""
    return [(tuple(path.split(".")), one) for path, one in given if one is not None]


def form_of(assignments: Assignments) -> dict[str, str]:
    """Stripe's form. Raises CommandFailed where two of them are about the same."""
    for (one, _), (other, _) in combinations(assignments, 2):
        if _overlap(one, other):
            raise _invalid(
                f"{'.'.join(one)} and {'.'.join(other)} are about the same",
                remedy="Say only once what is to become of each.",
            )
    form: dict[str, str] = {}
    for path, value in assignments:
        name = path[0] + "".join(f"[{part}]" for part in path[1:])
        if isinstance(value, str):
            form[name] = value
        else:
            form |= {f"{name}[{place}]": one for place, one in enumerate(value)}
    return form


def with_rest_of_sections(assignments: Assignments, current: JsonObject) -> Assignments:
    """The same, with all else that is in the sections of which they change a part.

    Stripe may take a section that is sent for the whole of it, and lets none of its
    parts be unset. Sections with secrets stay as given: they are not sent back.
    """
    parts = [path for path, _ in assignments if len(path) > 1]
    changed: list[tuple[tuple[str, ...], Sequence[str] | str]] = [
        one for one in assignments if one[0][0] in SECRET or len(one[0]) == 1
    ]
    for section in sorted({path[0] for path in parts} - SECRET):
        ours = [one for one in assignments if one[0][0] == section]
        kept = [
            (path, value)
            for path, value in _leaves((section,), current.get(section))
            if not any(_overlap(path, one) for one, _ in ours)
        ]
        filled = [one for one in [*kept, *ours] if one[1]]
        changed += filled or [((section,), "")]
    return changed


def still_set(assignments: Assignments, shown: JsonObject) -> str | None:
    """The path of something that was to be unset and is there yet, if any."""
    for path, value in assignments:
        if not value and object_at(shown, *path[:-1]).get(path[-1]) is not None:
            return ".".join(path)
    return None


def _leaves(
    path: tuple[str, ...], value: Json
) -> Iterator[tuple[tuple[str, ...], Sequence[str] | str]]:
    match value:
        case None:
            return
        case dict():
            for key, one in value.items():
                yield from _leaves((*path, key), one)
        case list():
            yield path, [str(one) for one in value]
        case bool():
            yield path, str(value).lower()
        case _:
            yield path, str(value)


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    both = min(len(one), len(other))
    return one[:both] == other[:both]


def _set_value(
    given: str, read: Callable[[Path], str]
) -> tuple[tuple[str, ...], Sequence[str] | str]:
    # The value is in no message: it may be a password with a misspelt name.
    name, equals, value = given.partition("=")
    path = _path(name, f"--set {name}")
    if not equals:
        raise _invalid(f"--set {name} has no value", remedy="Write it as path=value.")
    if not value:
        raise _invalid(
            f"--set {name} has an empty value", remedy=f"Write it as --unset {name}."
        )
    if is_secret(path[-1]):
        return path, _secret(name, value, read)
    if path[-1] not in LISTS:
        return path, value
    numbers = [one.strip() for one in value.split(",")]
    if not all(_NUMBER.fullmatch(one) for one in numbers):
        raise _invalid(
            f"{name} is a list of whole numbers", remedy=f"Write it as {name}=15,20,25."
        )
    return path, numbers


def _secret(name: str, value: str, read: Callable[[Path], str]) -> str:
    remedy = f"Write it as {name}=@FILE, with the file that holds it."
    if not value.startswith("@"):
        raise _invalid(
            f"{name} is a secret: others see the arguments of a command", remedy=remedy
        )
    try:
        secret = read(Path(value[1:])).strip()
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise _invalid(f"{name}: {value[1:]}: {reason}", remedy=remedy) from None
    if not secret:
        raise _invalid(f"{name}: {value[1:]} is empty", remedy=remedy)
    return secret


def _path(text: str, told: str) -> tuple[str, ...]:
    parts = tuple(text.split("."))
    if not all(_PART.fullmatch(part) for part in parts):
        raise _invalid(
            f"{told}: that is no path",
            remedy="Paths are names with dots, such as tipping.usd.percentages.",
        )
    return parts


def _metadata(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not key or not equals or not key.isprintable() or set("[]") & set(key):
        raise _invalid(
            "--metadata is no KEY=VALUE",
            remedy="Write it as KEY=VALUE, or as KEY= to delete the key.",
        )
    return key, value


def _invalid(message: str, *, remedy: str) -> CommandFailed:
    return CommandFailed(
        message,
        code="assignment_invalid",
        remedy=f"{remedy} Nothing was sent.",
        exit_code=ExitCode.USAGE,
    )
