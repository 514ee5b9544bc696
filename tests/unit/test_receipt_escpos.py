"""Receipts for printers: the text between the commands is the text on paper."""

from __future__ import annotations

import re
from dataclasses import replace

from receipts import RECEIPT

from agent.receipts.escpos import receipt_escpos
from agent.receipts.receipt import Copy
from agent.receipts.text import receipt_text

# Epson's ESC/POS command reference: ESC @ initialises, ESC E n is emphasis, ESC d n
# feeds n lines, GS V cuts.
RESET = b"\x1b@"
BOLD = b"\x1bE\x01"
PLAIN = b"\x1bE\x00"
FEED_AND_CUT = re.compile(rb"\x1bd.\x1dV.\Z", re.DOTALL)
# Those, ESC t n (code page), and what else is set before a line, each with one value.
COMMAND = re.compile(rb"\x1b@|\x1b[Etad-].|\x1dV.", re.DOTALL)


def printed(copy: Copy = Copy.CUSTOMER, *, width: int = 42) -> bytes:
    return receipt_escpos(RECEIPT, copy=copy, width=width)


def test_paper_says_what_the_text_says() -> None:
    for width in (32, 42, 48):
        text = COMMAND.sub(b"", printed(width=width)).decode("ascii")

        assert text == receipt_text(RECEIPT, copy=Copy.CUSTOMER, width=width)


def test_the_printer_is_reset_first_and_cuts_last() -> None:
    job = printed()

    assert job.startswith(RESET)
    assert FEED_AND_CUT.search(job)


def test_the_total_is_bold_and_the_tip_is_not() -> None:
    before_total = printed().partition(b"TOTAL")[0]
    before_tip = printed().partition(b"Tip")[0]

    assert before_total.rfind(BOLD) > before_total.rfind(PLAIN)
    assert before_tip.rfind(PLAIN) > before_tip.rfind(BOLD)


def test_letters_of_europe_are_printed_and_others_marked() -> None:
    job = receipt_escpos(replace(RECEIPT, merchant="Café Łódź 店"), copy=Copy.CUSTOMER)

    # Code pages 437, which printers start with, and 852 for what 437 lacks.
    assert "Café ".encode("cp437") in job
    assert "Łódź ".encode("cp852") in job
    assert b"?" in job
