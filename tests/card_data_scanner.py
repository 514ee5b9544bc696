"""Looks for card data and keys in anything a test left behind. Run as a program too.

    card_data_scanner.py FOLDER…

Finds Luhn-valid card numbers in text, the virtual cards' numbers in every encoding a
program could leak them in, magnetic stripe tracks, and API keys outside key files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from simulator.cards.numbers import PUBLISHED_TEST_NUMBERS

KEY_FILES = frozenset(
    {"stripe_api_key", "cli_key", "local_key", "till_key", "key", "webhook_secrets"}
)
"""Where a key belongs, readable by its owner only."""
CARD_FILES = frozenset({"own.toml"})
"""Where virtual cards are described, as tests write them."""

# Issuer ranges of the brands a till takes; a time in milliseconds starts with 1.
_RANGES = rb"(?:3[04-8]|4|5[0-5]|2[2-7]|6|81)"
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z])" + _RANGES + rb"(?:[ -]?\d){11,17}(?![0-9A-Za-z])"
)
_TRACKS = (
    re.compile(rb"%?B\d{12,19}\^[^^]{2,26}\^\d{4}"),
    re.compile(rb";?\d{12,19}=\d{7,}"),
)
# Without sentinels, as readers and terminals write track 2: number, D, YYMM and more. A
# digest in hex may look like it, so number and month must be possible ones.
_TRACK_2 = re.compile(
    rb"(?<![0-9A-Fa-f])(" + _RANGES + rb"\d{10,17})[Dd]\d\d(?:0[1-9]|1[0-2])\d{3,}"
)
_GAP = bytes(32)
_KEY = re.compile(rb"(?:[rs]k_(?:test|live)|whsec)_[0-9A-Za-z]{20,}")


@dataclass(frozen=True)
class Finding:
    """Card data or a key where there must be none; never shows the data itself."""

    where: str
    what: str
    offset: int

    def __str__(self) -> str:
        return f"{self.where}: {self.what} at byte {self.offset}"


def find_card_data(data: bytes, *, where: str) -> Iterator[Finding]:
    """Every number, track and known card number in `data`."""
    for match in _NUMBER.finditer(data):
        if _is_luhn_valid(re.sub(rb"[ -]", b"", match[0])):
            yield Finding(where, "a card number", match.start())
    for pattern in _TRACKS:
        for match in pattern.finditer(data):
            yield Finding(where, "a track", match.start())
    for match in _TRACK_2.finditer(data):
        if _is_luhn_valid(match[1]):
            yield Finding(where, "a track", match.start())
    for encoding, spelling in _KNOWN:
        if (offset := data.find(spelling)) >= 0:
            yield Finding(where, f"a virtual card's number ({encoding})", offset)


def find_keys(data: bytes, *, where: str) -> Iterator[Finding]:
    """Every API key, Stripe's or the agent's own, in `data`."""
    for match in _KEY.finditer(data):
        yield Finding(where, "an API key", match.start())


def scan_folder(folder: Path) -> Iterator[Finding]:
    """All findings in all files below `folder`."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if any(_findings(_without_gaps(data), path)):
                yield from _findings(data, path)


def _findings(data: bytes, path: Path) -> Iterator[Finding]:
    if path.name not in CARD_FILES:
        yield from find_card_data(data, where=str(path))
    if not _belongs_to_a_key(path.name):
        yield from find_keys(data, where=str(path))


def _belongs_to_a_key(name: str) -> bool:
    """Also `stripe_api_key.ACCOUNT`, as the credential of a further account is named."""
    return name in KEY_FILES or name.startswith("stripe_api_key.")


def _without_gaps(data: bytes) -> bytes:
    """Without most of the empty space that databases consist of: no spelling of a card
    number has so many zero bytes in a row, and one is left, so that nothing joins."""
    return data.replace(_GAP, b"\0")


def main(folders: Iterable[str]) -> int:
    """Print what was found and say how much was read; 1 if anything was found."""
    findings: list[Finding] = []
    files = 0
    for folder in map(Path, folders):
        findings += scan_folder(folder)
        files += sum(path.is_file() for path in folder.rglob("*"))
    for finding in findings:
        print(finding)  # noqa: T201 - a program's output
    print(f"card data: {len(findings)} findings in {files} files")  # noqa: T201
    return 1 if findings or not files else 0


def _is_luhn_valid(digits: bytes) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = (digit - 0x30) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _spellings(pan: str) -> Iterator[tuple[str, bytes]]:
    """A card number as text, as text in hex, packed two digits a byte, and wide."""
    text = pan.encode()
    yield "text", text
    yield "hex", text.hex().encode()
    yield "packed", bytes.fromhex(pan + "F" * (len(pan) % 2))
    yield "wide", pan.encode("utf-16-le")


_KNOWN = [
    spelling
    for number in sorted(PUBLISHED_TEST_NUMBERS)
    for spelling in _spellings(number)
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
