"""Receipts as text for paper of so many characters a line. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import assert_never

from agent.receipts.lines import Centered, Line, Pair, Rule, SignatureLine, lines_of
from agent.receipts.receipt import Copy, Receipt

WIDTHS = (32, 42, 48)
"""Characters a line: paper of 58 mm, and of 80 mm in two usual type sizes."""

DEFAULT_WIDTH = 42


def receipt_text(receipt: Receipt, *, copy: Copy, width: int = DEFAULT_WIDTH) -> str:
    """The whole receipt; no line is longer than `width`, one of WIDTHS."""
    printed = (
        row for line in lines_of(receipt, copy=copy) for row in rows(line, width=width)
    )
    return "".join(f"{row.rstrip()}\n" for row in printed)


def rows(line: Line, *, width: int) -> Iterator[str]:
    """The line as one row of paper, or as several where it is too long for one."""
    match line:
        case Centered(text):
            yield from (part.center(width) for part in textwrap.wrap(text, width))
        case Pair(name, value):
            yield from _pair(name, value, width=width)
        case Rule():
            yield "-" * width
        case SignatureLine():
            yield ""
            yield "Signature ".ljust(width, "_")
        case _:
            assert_never(line)


def _pair(name: str, value: str, *, width: int) -> Iterator[str]:
    """Name to the left, value to the right, below the name where there is no room."""
    room = width - len(name) - 1
    if len(value) <= room:
        yield f"{name} {value.rjust(room)}"
        return
    yield name
    for start in range(0, len(value), width):
        yield value[start : start + width].rjust(width)
