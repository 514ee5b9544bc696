"""Receipts as one HTML page that needs nothing else and runs nothing. Pure."""

from __future__ import annotations

from html import escape
from typing import assert_never

from agent.receipts.lines import Centered, Line, Pair, Rule, SignatureLine, lines_of
from agent.receipts.receipt import Copy, Receipt

_STYLE = (
    "body{font:14px/1.4 sans-serif;max-width:24em;margin:1em auto;color:#000;"
    "background:#fff}"
    "p{text-align:center;margin:.2em 0}"
    "dl{display:grid;grid-template-columns:auto 1fr;margin:0}"
    "dd{margin:0;text-align:right;overflow-wrap:anywhere}"
    "hr{border:0;border-top:1px dashed}"
    ".strong{font-weight:bold}"
    ".signature{text-align:left;border-bottom:1px solid;margin-top:3em}"
)


def receipt_html(receipt: Receipt, *, copy: Copy) -> str:
    """The whole page, UTF-8; every text of others is escaped."""
    body = "\n".join(_element(line) for line in lines_of(receipt, copy=copy))
    title = escape(f"Receipt {receipt.payment_intent}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _element(line: Line) -> str:
    match line:
        case Centered(text, is_strong):
            return f"<p{_class(is_strong=is_strong)}>{escape(text)}</p>"
        case Pair(name, value, is_strong):
            return (
                f"<dl{_class(is_strong=is_strong)}><dt>{escape(name)}</dt>"
                f"<dd>{escape(value)}</dd></dl>"
            )
        case Rule():
            return "<hr>"
        case SignatureLine():
            return '<p class="signature">Signature</p>'
        case _:
            assert_never(line)


def _class(*, is_strong: bool) -> str:
    return ' class="strong"' if is_strong else ""
