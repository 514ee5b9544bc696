"""The simulated NEO readers take anything from a host, and work afterwards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from neo_host import NeoHost, activate

from drivers.protocol.idtech_neo.basic import Ping
from drivers.protocol.idtech_neo.commands import KINDS, to_frame
from drivers.protocol.idtech_neo.frame import MAGIC, Frame, encode_command
from drivers.wires import WireKind
from simulator.cards.card import Entry
from simulator.errors import ControlRefused

CODES = st.sampled_from(
    sorted({kind.CODE for kind in KINDS} | {(0xF0, 0), (0x77, 0x81)})
)
ANY_CODE = st.tuples(st.integers(0, 0xFF), st.integers(0, 0xFF))
FRAMES = st.tuples(CODES | ANY_CODE, st.binary(max_size=40))
DEEDS = st.sampled_from(["insert", "tap", "swipe", "pull", "enter", "1", "cancel"])
MODELS = st.sampled_from(["idtech_vp3300", "idtech_vp6800", "idtech_kiosk_v"])


@given(MODELS, st.lists(FRAMES | DEEDS, max_size=12))
def test_any_commands_and_deeds_leave_a_reader_that_answers(
    model: str, steps: list[tuple[tuple[int, int], bytes] | str]
) -> None:
    host = NeoHost(model)

    for step in steps:
        if isinstance(step, str):
            do(host, step)
            continue
        (command, sub_command), data = step
        host.write(encode_command(Frame(command, sub_command, data)))

    host.clock.advance(256)
    host.send(Ping())
    assert host.told[-1] == "18 00"


@given(st.lists(st.binary(max_size=80), max_size=6), st.sampled_from(list(WireKind)))
def test_noise_leaves_a_reader_that_answers(
    pieces: list[bytes], kind: WireKind
) -> None:
    host = NeoHost(kind=kind)

    for piece in pieces:
        host.wire.write(piece)
        host.wire.write(MAGIC + piece)
    for _ in range(20):
        # Each silence gives up one header that was begun.
        host.clock.advance(0.2)
    host.frames.clear()
    host.send(Ping())

    assert host.told[-1] == "18 00"


@given(st.integers(0, 200), st.binary(min_size=1, max_size=3))
def test_a_damaged_command_is_never_taken_for_another(
    position: int, damage: bytes
) -> None:
    host = NeoHost()
    message = bytearray(encode_command(to_frame(activate())))
    position %= len(message)
    message[position : position + len(damage)] = damage
    is_whole = bytes(message) == encode_command(to_frame(activate()))

    host.write(bytes(message))

    assert (host.state == "waiting_for_card") == is_whole


def do(host: NeoHost, deed: str) -> None:
    """Something a cardholder may try."""
    entries = {"insert": Entry.CONTACT, "tap": Entry.CONTACTLESS, "swipe": Entry.SWIPE}
    try:
        if deed in entries:
            host.present("visa_approved", entries[deed])
        elif deed == "pull":
            host.reader.remove_card()
        else:
            host.press(deed)
    except ControlRefused:
        return
