"""Where events may be sent, and how they are signed."""

from __future__ import annotations

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from agent.outbox.destination import Destination, NotAllowed, destination_of
from agent.outbox.signature import signature

HOSTS = ("till.example", "192.168.1.20", "[fd00::1]".strip("[]"))


@pytest.mark.parametrize(
    ("url", "destination"),
    [
        (
            "http://127.0.0.1:4242/hook?till=1",
            Destination(
                "127.0.0.1", 4242, "/hook?till=1", "127.0.0.1:4242", False, True
            ),
        ),
        (
            "http://localhost",
            Destination("localhost", 80, "/", "localhost", False, True),
        ),
        ("http://[::1]:1/", Destination("::1", 1, "/", "[::1]:1", False, True)),
        (
            "https://127.0.0.1/x",
            Destination("127.0.0.1", 443, "/x", "127.0.0.1", True, True),
        ),
        (
            "https://TILL.example:8443/x",
            Destination("till.example", 8443, "/x", "TILL.example:8443", True, False),
        ),
        (
            "https://192.168.1.20",
            Destination("192.168.1.20", 443, "/", "192.168.1.20", True, False),
        ),
    ],
)
def test_this_machine_and_named_hosts_may_be_told(
    url: str, destination: Destination
) -> None:
    assert destination_of(url, hosts=HOSTS) == destination


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://till.example/hook", "Only https leaves"),
        ("http://192.168.1.20/hook", "Only https leaves"),
        ("https://192.168.1.21/hook", "not this machine"),
        ("https://elsewhere.example/", "not this machine"),
        ("http://127.0.0.1.elsewhere.example/", "not this machine"),
        ("http://localhost.elsewhere.example/", "not this machine"),
        ("http://0x7f000001/", "not this machine"),
        ("http://169.254.169.254/latest", "not this machine"),
        ("ftp://127.0.0.1/", "begins with https"),
        ("http:///hook", "begins with https"),
        ("http://user:pass@127.0.0.1/", "no user name"),
        ("http://127.0.0.1:99999/", "no URL"),
        ("http://[::1/", "no URL"),
        ("http://127.0.0.1/a b", "printable"),
        ("http://127.0.0.1/\r\nx: y", "printable"),
        ("http://tïll.example/", "printable"),
        ("http://127.0.0.1/" + 2000 * "x", "at most"),
    ],
)
def test_nothing_goes_anywhere_else(url: str, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        destination_of(url, hosts=HOSTS)


@given(st.text(max_size=60))
def test_any_text_is_either_allowed_or_refused(url: str) -> None:
    try:
        destination = destination_of(url, hosts=HOSTS)
    except NotAllowed:
        return
    assert destination.is_local or destination.is_secure


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40))
def test_stripes_own_library_believes_a_signature(body: bytes, word: str) -> None:
    text = body.hex()
    secret = "whsec_" + word.encode().hex()

    header = signature(text.encode(), secret=secret, at=1_700_000_000)

    assert stripe.WebhookSignature.verify_header(text, header, secret)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(text + " ", header, secret)
