"""Bytes that neither the drivers nor the simulator generated, from tests/vectors."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "vectors"


def load(name: str) -> dict[str, Any]:
    """One vector file as it stands."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text())


def mms_frames(table: str = "frames") -> dict[str, bytes]:
    """Published MMS frames by name."""
    frames = load("magtek_mms")[table]
    return {name: bytes.fromhex(text) for name, text in frames.items()}


def neo_frames(side: str) -> dict[str, bytes]:
    """NEO frames by name; `side` is `commands` or `answers`."""
    vectors = load("idtech_neo")
    frames = vectors["published"][side] | vectors["rebuilt"][side]
    return {name: bytes.fromhex(text) for name, text in frames.items()}


def neo_reports() -> dict[str, list[bytes]]:
    """HID reports, by the name of the command they carry."""
    carried = load("idtech_neo")["hid"]
    return {name: list(map(bytes.fromhex, texts)) for name, texts in carried.items()}


def neo_msr_block(name: str = "swipe") -> bytes:
    """A swipe, unless told otherwise as an enhanced encrypted MSR block."""
    return bytes.fromhex(load("idtech_neo")["msr_blocks"][name])
