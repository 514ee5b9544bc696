"""Specs of USB devices, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import LocalError
from drivers.profile import UsbId
from drivers.transport.usb_address import UsbAddress, parse_address, spec_of

ADDRESSES = st.builds(
    UsbAddress,
    st.builds(UsbId, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF)),
    serial_number=st.none() | st.text(st.characters(codec="utf-8"), min_size=1),
    path=st.none() | st.just("1-4.2") | st.just("2-1"),
    interface=st.none() | st.integers(0, 255),
)


@given(ADDRESSES)
def test_every_address_has_a_spec_that_names_it(address: UsbAddress) -> None:
    assert parse_address(spec_of(address)) == address


def test_hexadecimal_digits_are_read_large_or_small() -> None:
    address = parse_address("usb:0ACD:3530:12:34?interface=1")

    assert address == UsbAddress(UsbId(0x0ACD, 0x3530), "12:34", interface=1)


@pytest.mark.parametrize(
    "spec",
    [
        "usb:0801",
        "usb:801:2020",
        "usb:0801:2020:",
        "usb:0801:2020?path=1",
        "usb:0801:2020?interface=first",
        "usb:0801:2020?interface=256",
        "usb:0801:2020?colour=red",
    ],
)
def test_malformed_spec_is_the_callers_fault(spec: str) -> None:
    with pytest.raises(LocalError, match="usb:0801:2020"):
        parse_address(spec)
