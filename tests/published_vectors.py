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
