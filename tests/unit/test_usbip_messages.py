"""USB/IP's bytes, against what the kernel's documentation prints."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_vectors import load

from simulator.reader.wires.usbip_messages import (
    MOST_TRANSFER_BYTES,
    Decoder,
    Device,
    ImportDevice,
    ListDevices,
    Request,
    Status,
    Submit,
    Unlink,
    UsbipError,
    device_list,
    imported,
    not_imported,
    submitted,
    unlinked,
)

TRANSFERS = {
    name: bytes.fromhex(text) for name, text in load("usbip")["transfers"].items()
}
REPORT_SENT = TRANSFERS["send a report"][48:]
REPORT_ASKED_FOR = TRANSFERS["report asked for"][48:]
IMPORT = struct.pack(">HHI32s", 0x0111, 0x8003, 0, b"1-1")
ASK = Submit(0xD05, endpoint=1, is_in=True, length=64, setup=bytes(8))
SEND = Submit(
    0xD06, endpoint=1, is_in=False, length=64, setup=bytes(8), data=REPORT_SENT
)
READER = Device("1-1", 7, 0x0801, 0x2020, 0x0100, ((3, 0, 0), (255, 1, 2)))


def decoded(*pieces: bytes) -> list[Request]:
    decoder = Decoder()
    return [request for piece in pieces for request in decoder.feed(piece)]


def test_published_transfers_are_understood() -> None:
    requests = decoded(
        IMPORT, TRANSFERS["ask for a report"], TRANSFERS["send a report"]
    )

    assert requests == [ImportDevice("1-1"), ASK, SEND]


def test_published_ends_of_transfers_are_made() -> None:
    assert submitted(SEND, status=0, data=b"") == TRANSFERS["report was sent"]
    assert (
        submitted(ASK, status=0, data=REPORT_ASKED_FOR) == TRANSFERS["report asked for"]
    )


def test_failed_transfer_carries_nothing() -> None:
    answer = submitted(ASK, status=-errno.EPIPE, data=b"left over")

    assert len(answer) == 48
    assert struct.unpack_from(">iI", answer, 20) == (-errno.EPIPE, 0)


def test_transfer_is_taken_back() -> None:
    request = struct.pack(">IIIIII24x", 2, 0xD07, 0x1000F, 0, 0, 0xD05)

    assert decoded(IMPORT + request)[1:] == [Unlink(0xD07, unlinked=0xD05)]
    answer = unlinked(Unlink(0xD07, 0xD05), status=-errno.ECONNRESET)
    assert answer == struct.pack(">IIIIIi24x", 4, 0xD07, 0, 0, 0, -errno.ECONNRESET)


def test_devices_are_listed_with_their_interfaces() -> None:
    assert decoded(struct.pack(">HHI", 0x0111, 0x8005, 0)) == [ListDevices()]

    answer = device_list([READER])

    assert answer[:12] == struct.pack(">HHII", 0x0111, 0x0005, 0, 1)
    assert answer[12 + 256 :].startswith(b"1-1\0")
    assert answer[-8:] == bytes((3, 0, 0, 0, 255, 1, 2, 0))
    assert len(answer) == 12 + 312 + 8


def test_import_is_granted_with_the_device_or_refused_with_a_reason() -> None:
    granted = imported(READER)

    assert granted[:8] == struct.pack(">HHI", 0x0111, 0x0003, 0)
    assert struct.unpack_from(">IIIHHH", granted, 8 + 288) == (
        *(1, 7, 2),
        *(0x0801, 0x2020, 0x0100),
    )
    assert not_imported(Status.BUSY) == struct.pack(">HHI", 0x0111, 0x0003, 2)


@given(st.lists(st.integers(1, 47)))
def test_bytes_may_come_cut_anyhow(cuts: list[int]) -> None:
    whole = IMPORT + TRANSFERS["send a report"] * 2 + TRANSFERS["ask for a report"]
    pieces, rest = [], whole
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]

    assert decoded(*pieces, rest) == [ImportDevice("1-1"), SEND, SEND, ASK]


@pytest.mark.parametrize(
    "noise",
    [
        b"GET / HTTP/1.1\r\n",
        IMPORT + bytes(48),
        IMPORT + struct.pack(">IIIIIII20x", 1, 1, 0, 0, 1, 0, MOST_TRANSFER_BYTES + 1),
        IMPORT + struct.pack(">IIIIIII20x", 1, 1, 0, 0, 16, 0, 1),
    ],
)
def test_noise_is_no_request(noise: bytes) -> None:
    with pytest.raises(UsbipError):
        decoded(noise)


@given(st.binary())
def test_no_noise_breaks_the_decoder(noise: bytes) -> None:
    try:
        requests = decoded(noise)
    except UsbipError:
        return
    assert all(isinstance(request, ListDevices | ImportDevice) for request in requests)
