"""Dumps: the whole account as one JSON object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from simulator.clock import Clock
from simulator.errors import DumpInvalid
from simulator.stripe_api.engine.execution import Mode
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.state.contents import Contents, Kinds, contents_of, mode_of

FORMAT = 1

_MODES = {False: "test", True: "live"}


def dump(modes: Mapping[bool, Mode], clock: Clock) -> Object:
    """Everything in both modes; `restore` takes it back."""
    return {
        "format": FORMAT,
        **{
            name: asdict(contents_of(modes[live], clock))
            for live, name in _MODES.items()
        },
    }


def restored(content: Any, *, kinds: Kinds, clock: Clock) -> Mapping[bool, Mode]:
    """The modes of a dump; raises DumpInvalid."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DumpInvalid(f"this is no dump of format {FORMAT}")
    try:
        return {
            livemode: mode_of(Contents(**content[name]), kinds=kinds, clock=clock)
            for livemode, name in _MODES.items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DumpInvalid(f"the dump is damaged: {error}") from error
