"""Receipts as pages: whole by themselves, and nothing of others is markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from receipts import RECEIPT

from agent.receipts.html import receipt_html
from agent.receipts.receipt import Copy


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_a_page_says_what_the_paper_says() -> None:
    page = Page(receipt_html(RECEIPT, copy=Copy.CUSTOMER))

    texts = [text for text in page.texts if text.strip()]

    assert texts[0] == "Receipt pi_1"
    assert texts[2:5] == ["Corner Shop", "SALE", "2026-11-02 12:30:05 UTC"]
    assert texts[texts.index("TOTAL") + 1] == "14.34 USD"
    assert texts[texts.index("AID") + 1] == "A0000000031010"
    assert texts[-2:] == ["APPROVED", "CUSTOMER COPY"]


def test_a_page_loads_nothing() -> None:
    page = Page(receipt_html(RECEIPT, copy=Copy.CUSTOMER))

    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.attributes <= {"lang", "charset", "class"}


def test_only_the_merchants_page_is_signed() -> None:
    card = replace(RECEIPT.card, cardholder_verification_method="signature")
    signed = replace(RECEIPT, card=card)

    assert 'class="signature"' in receipt_html(signed, copy=Copy.MERCHANT)
    assert 'class="signature"' not in receipt_html(signed, copy=Copy.CUSTOMER)


@given(st.text(st.sampled_from("<>&\"'/scriptonload="), min_size=1, max_size=40))
def test_names_are_never_markup(name: str) -> None:
    plain = Page(receipt_html(RECEIPT, copy=Copy.CUSTOMER))

    page = Page(receipt_html(replace(RECEIPT, merchant=name), copy=Copy.CUSTOMER))

    assert page.tags == plain.tags
    assert page.attributes == plain.attributes
    assert name in "".join(page.texts)
