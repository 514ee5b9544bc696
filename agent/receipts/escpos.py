"""Receipts as bytes for ESC/POS printers; needs the optional `python-escpos`.

Loading that library takes a quarter of a second, so nobody does before a receipt is
asked for in this form.
"""

from __future__ import annotations

from typing import assert_never
from unicodedata import east_asian_width

from agent.receipts.lines import Centered, Line, Pair, Rule, SignatureLine, lines_of
from agent.receipts.receipt import Copy, Receipt
from agent.receipts.text import DEFAULT_WIDTH, rows


def receipt_escpos(
    receipt: Receipt, *, copy: Copy, width: int = DEFAULT_WIDTH
) -> bytes:
    """The whole receipt and the cut after it, for any printer of the family.

    Letters that are in no code page of theirs become question marks.
    Raises ImportError where python-escpos is not installed.
    """
    from escpos.printer import Dummy

    printer = Dummy()
    printer.hw("INIT")
    for line in lines_of(receipt, copy=copy):
        printer.set(bold=_is_strong(line))
        for row in rows(line, width=width):
            printer.text(f"{_single_width(row).rstrip()}\n")
    printer.cut()
    return bytes(printer.output)


def _single_width(row: str) -> str:
    """Without the letters that take two columns, which only some printers have.

    The library would write the whole row in their encoding.
    """
    return "".join("?" if east_asian_width(c) in "WF" else c for c in row)


def _is_strong(line: Line) -> bool:
    match line:
        case Centered(is_strong=is_strong) | Pair(is_strong=is_strong):
            return is_strong
        case Rule() | SignatureLine():
            return False
        case _:
            assert_never(line)
