"""Report descriptors: whether reports begin with an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.transport.hid_reports import has_report_ids

# HID 1.11, appendix E.6: the mouse.
MOUSE = bytes.fromhex(
    "05 01 09 02 A1 01 09 01 A1 00 05 09 19 01 29 03 15 00 25 01 95 03 75 01 81 02 95 01"
    "75 05 81 01 05 01 09 30 09 31 15 81 25 7F 75 08 95 02 81 06 C0 C0"
)
REPORT_ID = bytes.fromhex("85 01")


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (b"", False),
        (MOUSE, False),
        (MOUSE[:6] + REPORT_ID + MOUSE[6:], True),
        # The id is the data of another item, not an item: a logical maximum of 0x0185.
        (bytes.fromhex("26 85 01"), False),
        (bytes.fromhex("27 85 01 00 00"), False),
        # Within a long item, and after one.
        (bytes.fromhex("FE 02 00 85 01"), False),
        (bytes.fromhex("FE 01 00 00 85 01"), True),
        (bytes.fromhex("FE"), False),
    ],
)
def test_reports_begin_with_an_id_if_the_descriptor_has_one(
    *, descriptor: bytes, expected: bool
) -> None:
    assert has_report_ids(descriptor) is expected


@given(st.binary())
def test_no_noise_breaks_it(descriptor: bytes) -> None:
    assert has_report_ids(descriptor) in (True, False)
