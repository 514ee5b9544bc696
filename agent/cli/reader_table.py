"""Registered readers as a table. Pure."""

from __future__ import annotations

from agent.cli.tables import table
from agent.stripe_api.objects import Json, object_at, text_at


def readers_text(readers: list[Json]) -> str:
    """Registered readers as a table."""
    rows = [
        [
            text_at(reader, "id") or "",
            text_at(reader, "label") or "",
            text_at(reader, "device_type") or "",
            text_at(reader, "serial_number") or "",
            text_at(reader, "status") or "",
            text_at(object_at(reader, "action"), "status") or "idle",
        ]
        for reader in readers
    ]
    if not rows:
        return "No reader is registered; see `cardlane readers discover`."
    return table(["ID", "LABEL", "TYPE", "SERIAL NUMBER", "STATUS", "ACTION"], rows)
