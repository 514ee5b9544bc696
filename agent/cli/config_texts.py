"""A plan for people and for programs. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from agent.terminal_configuration.as_code import Change, Verb

_MARKS = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.DELETE: "-"}


def changes_text(changes: Sequence[Change]) -> str:
    """One block a change, a line a value; what was, and what will be."""
    if not changes:
        return "No difference."
    lines: list[str] = []
    for change in changes:
        where = f" ({change.object_id})" if change.object_id else ""
        lines.append(f"{_MARKS[change.verb]} {change.kind} {change.name}{where}")
        lines += [
            f"    {field.key}: {_shown(field.before)} -> {_shown(field.after)}"
            for field in change.fields
        ]
    return "\n".join(lines)


def changes_object(changes: Sequence[Change]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "changes": [
            {
                "verb": change.verb,
                "kind": change.kind,
                "name": change.name,
                "id": change.object_id,
                "fields": [asdict(field) for field in change.fields],
            }
            for change in changes
        ]
    }


def _shown(value: object) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
