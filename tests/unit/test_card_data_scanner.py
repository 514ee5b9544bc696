"""The scanner finds what it is there to find, and nothing that is harmless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from card_data_scanner import find_card_data, find_keys, main, scan_folder

VISA = "4761739001010010"
UNKNOWN_VISA = "4539578763621486"


@pytest.mark.parametrize(
    "leak",
    [
        f"card={VISA} declined".encode(),
        f'{{"pan": "{UNKNOWN_VISA}"}}'.encode(),
        b"4539 5787 6362 1486",
        b"4539-5787-6362-1486",
        f"5A08{VISA}5F24".encode(),
        bytes.fromhex(f"5A08{VISA}"),
        VISA.encode().hex().encode(),
        VISA.encode("utf-16-le"),
        b";4539578763621486=28122011234567890?",
        b"%B4539578763621486^CARDHOLDER/TEST^2812201?",
        b"4539578763621486D28122011234567890",
    ],
)
def test_card_data_are_found_in_every_spelling(leak: bytes) -> None:
    assert list(find_card_data(b"before " + leak + b" after", where="log"))


@pytest.mark.parametrize(
    "harmless",
    [
        b'"last_seen_at": 1793433600123',
        b"4539578763621487",
        b"pay_4539578763621486AbCdEfGh",
        b"a4539578763621486f",
        b"**** **** **** 0010",
        b"amount=1234 currency=usd",
        b"evt_000000000391136d1642478b",
        b"4539578763621487d2812201ab",
        b"4539578763621486d2899201ab",
    ],
)
def test_times_ids_and_masked_numbers_are_not_mistaken(harmless: bytes) -> None:
    assert not list(find_card_data(harmless, where="log"))


@pytest.fixture
def leaky() -> Iterator[Path]:
    """A folder outside of what `make test` scans."""
    with TemporaryDirectory() as folder:
        yield Path(folder)


def test_a_key_is_found_but_not_where_keys_belong(leaky: Path) -> None:
    key = "rk_test_" + "a1" * 20
    (leaky / "agent.log").write_text(f"refused {key}")
    (leaky / "cli_key").write_text(key)

    findings = list(scan_folder(leaky))

    assert [finding.what for finding in findings] == ["an API key"]
    assert list(find_keys(b"sk_live_" + b"x" * 24, where="log"))


def test_a_deck_of_cards_may_name_their_numbers(leaky: Path) -> None:
    (leaky / "own.toml").write_text(f'number = "{VISA}"')

    assert list(scan_folder(leaky)) == []


def test_a_finding_never_shows_the_number() -> None:
    (finding, *_) = find_card_data(VISA.encode(), where="agent.log")

    assert VISA not in str(finding)
    assert "agent.log" in str(finding)


def test_the_program_fails_on_a_leak_and_on_an_empty_folder(
    leaky: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(leaky)]) == 1

    (leaky / "agent.log").write_text("agent.ready")
    assert main([str(leaky)]) == 0

    (leaky / "journal.db").write_bytes(bytes.fromhex(VISA))
    assert main([str(leaky)]) == 1
    assert "1 findings in 2 files" in capsys.readouterr().out
