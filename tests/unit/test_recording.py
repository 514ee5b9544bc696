"""Recordings: their text, the transport that makes them, and the one that replays them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_payments import Lines

from drivers.errors import Disconnected, LocalError
from drivers.profile import profile_named
from drivers.protocol.witness import Noise, Said, Sender, Withheld, Witness
from drivers.recording.format import (
    Ended,
    Header,
    Passed,
    Recording,
    entry_line,
    header_line,
    read_recording,
)
from drivers.recording.recorder import RecordedTransport
from drivers.recording.replay import ReplayedTransport
from drivers.recording.witnesses import recorded
from drivers.transport.pipe import Pipe, connected_pipes
from drivers.wires import WireKind

HEADER = Header("letters", "acme_one", "pipe:", WireKind.STREAM, None)
HEARD = (
    st.builds(Said, st.lists(st.binary(max_size=9), max_size=3).map(tuple))
    | st.builds(Withheld, st.integers(0, 9999))
    | st.builds(Noise, st.integers(0, 9999))
)
TIMES = st.integers(0, 10**9).map(lambda micros: micros / 1_000_000)
ENTRIES = st.builds(Passed, TIMES, st.sampled_from(Sender), HEARD) | st.builds(
    Ended, TIMES, st.sampled_from(Sender), st.text(max_size=9)
)


class Letters:
    """A family whose messages are letters up to a full stop; digits are noise."""

    def __init__(self) -> None:
        self.skipped_bytes = 0
        self._partial = b""

    def split(self, message: bytes) -> Sequence[bytes]:
        if len(message) > 20:
            raise LocalError("too long")
        return [message + b"."]

    def feed(self, data: bytes) -> Sequence[bytes]:
        letters = bytes(byte for byte in data if not chr(byte).isdigit())
        self.skipped_bytes += len(data) - len(letters)
        *messages, self._partial = (self._partial + letters).split(b".")
        return messages


def keep(message: bytes) -> bytes | None:
    """Nothing of secrets, and all else without its x."""
    return None if b"secret" in message else message.replace(b"x", b"-")


def letters() -> Witness:
    return Witness(
        host=Letters(), reader=Letters(), keep_of_host=keep, keep_of_reader=keep
    )


class Clock:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def recorder() -> tuple[RecordedTransport, Pipe, Lines, Clock]:
    near, far = connected_pipes()
    lines, clock = Lines(), Clock()
    transport = RecordedTransport(
        near,
        family="letters",
        model="acme_one",
        witness=letters(),
        sink=lines,
        monotonic=clock.monotonic,
    )
    return transport, far, lines, clock


async def conversation() -> str:
    """A recording with all there is in one."""
    transport, far, lines, clock = recorder()
    await transport.write(b"who")
    await transport.write(b".")
    clock.now_s += 0.25
    await far.write(b"42re")
    await transport.read()
    await far.write(b"ader x.more.")
    await transport.read()
    await transport.write(b"a secret.bye.")
    await far.aclose()
    with pytest.raises(Disconnected):
        await transport.read()
    await transport.aclose()
    return lines.text


SAID = (
    '{"recording": 1, "family": "letters", "model": "acme_one", "spec": "pipe:", '
    '"kind": "stream", "packet_bytes": null}\n'
    '{"at_s": 0.0, "from": "host", "packets": ["77686f2e"]}\n'
    '{"at_s": 0.25, "from": "reader", "noise_bytes": 2}\n'
    '{"at_s": 0.25, "from": "reader", "packets": ["726561646572202d2e"]}\n'
    '{"at_s": 0.25, "from": "reader", "packets": ["6d6f72652e"]}\n'
    '{"at_s": 0.25, "from": "host", "withheld_bytes": 8}\n'
    '{"at_s": 0.25, "from": "host", "packets": ["6279652e"]}\n'
    '{"at_s": 0.25, "end": "the pipe is closed", "by": "reader"}\n'
)


async def test_recording_holds_what_the_witness_lets_through_and_nothing_else() -> None:
    assert await conversation() == SAID


async def test_recorder_changes_nothing_and_says_when_it_is_done() -> None:
    transport, far, lines, _ = recorder()

    await transport.write(b"a secret.")
    await far.write(b"x1")
    heard = await far.read()
    answer = await transport.read()
    await transport.aclose()

    assert (heard, answer) == (b"a secret.", b"x1")
    assert (transport.spec, transport.kind, transport.packet_bytes) == (
        "pipe:",
        WireKind.STREAM,
        None,
    )
    await transport.wait_closed()
    assert lines.is_closed
    assert lines.text.splitlines()[-1] == (
        '{"at_s": 0.0, "end": "closed by this program", "by": "host"}'
    )


async def test_what_arrives_is_recorded_on_its_way_to_who_receives_it() -> None:
    transport, far, lines, _ = recorder()
    received: list[bytes] = []
    transport.receive(received.append)

    await far.write(b"hello.")

    assert received == [b"hello."]
    assert '"packets": ["68656c6c6f2e"]' in lines.text
    await transport.aclose()


async def test_replay_hands_over_what_the_reader_said() -> None:
    transport = replay()
    received: list[bytes] = []
    transport.receive(received.append)

    await transport.write(b"who.")

    assert received == [b"reader -.", b"more."]
    await transport.aclose()


async def test_nothing_is_recorded_after_the_end() -> None:
    transport, _, lines, _ = recorder()
    await transport.aclose()
    before = lines.text

    with pytest.raises(Disconnected):
        await transport.write(b"late.")
    await transport.aclose()

    assert lines.text == before


async def test_message_that_cannot_be_repeated_is_withheld() -> None:
    transport, _, lines, _ = recorder()

    await transport.write(b"a very long sentence indeed.")
    await transport.aclose()

    assert '"withheld_bytes": 27' in lines.text


@given(st.lists(ENTRIES, max_size=3))
def test_text_is_read_as_it_was_written(entries: list[Passed | Ended]) -> None:
    text = header_line(HEADER) + "".join(map(entry_line, entries))

    assert read_recording(text) == Recording(HEADER, tuple(entries))


def test_last_line_that_was_cut_off_is_left_out() -> None:
    whole = read_recording(SAID)

    assert read_recording(SAID[:-5]) == replace(whole, entries=whole.entries[:-1])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]\n",
        "{}\n",
        SAID.replace('"recording": 1', '"recording": 2'),
        SAID.replace('"stream"', '"carrier pigeon"'),
        SAID.replace('"from": "host"', '"from": "nobody"'),
        SAID.replace('["77686f2e"]', '["7"]'),
        SAID.replace('"at_s": 0.0, ', ""),
    ],
)
def test_broken_recording_is_refused(text: str) -> None:
    with pytest.raises(LocalError, match="no recording, or a broken one"):
        read_recording(text)


def replay(text: str = SAID) -> ReplayedTransport:
    return ReplayedTransport(read_recording(text), witness=letters())


async def test_replay_answers_as_the_reader_did() -> None:
    transport = replay()

    await transport.write(b"wh")
    await transport.write(b"o.")

    assert await transport.read() == b"reader -.more."
    halfway = transport.is_over
    await transport.write(b"a secret.")
    await transport.write(b"bye.")
    assert (halfway, transport.is_over) == (False, True)
    with pytest.raises(Disconnected, match="the pipe is closed"):
        await transport.read()
    await transport.wait_closed()
    with pytest.raises(Disconnected):
        await transport.write(b"more.")


async def test_reader_speaks_only_after_the_host_has() -> None:
    transport = replay()
    reading = asyncio.create_task(transport.read())
    await asyncio.sleep(0)
    early = reading.done()

    await transport.write(b"who.")

    assert (early, await reading) == (False, b"reader -.more.")
    await transport.aclose()


async def test_replay_that_the_host_closed_ends_when_it_is_closed() -> None:
    text = SAID.replace('"by": "reader"', '"by": "host"')
    transport = replay(text)
    for said in (b"who.", b"a secret.", b"bye."):
        await transport.write(said)

    assert transport.is_over
    assert await transport.read() == b"reader -.more."
    await transport.aclose()

    with pytest.raises(Disconnected, match="closed by this program"):
        await transport.read()
    assert (transport.spec, transport.kind, transport.packet_bytes) == (
        "pipe:",
        WireKind.STREAM,
        None,
    )


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"why.", "entry 1 of the recording: the host says something else"),
        (b"a secret.", "entry 1 of the recording: the host says something else"),
        (b"who.bye.", "entry 5 of the recording: the host says something else"),
    ],
)
async def test_host_that_departs_from_the_recording_is_told_where(
    said: bytes, reason: str
) -> None:
    with pytest.raises(LocalError, match=reason):
        await replay().write(said)


async def test_host_that_says_more_than_was_recorded_is_told_so() -> None:
    first_line = SAID.splitlines(keepends=True)[0]

    with pytest.raises(LocalError, match="more than in the recording"):
        await replay(first_line).write(b"who.")


async def test_host_that_goes_on_after_its_own_end_is_told_so() -> None:
    lines = SAID.splitlines(keepends=True)
    ended = lines[-1].replace('"by": "reader"', '"by": "host"')

    with pytest.raises(LocalError, match="not the host's turn"):
        await replay(lines[0] + ended).write(b"who.")


async def test_what_was_withheld_of_the_reader_cannot_be_replayed() -> None:
    withheld = '{"at_s": 0.3, "from": "reader", "withheld_bytes": 8}\n'
    transport = replay("".join(SAID.splitlines(keepends=True)[:2]) + withheld)

    with pytest.raises(LocalError, match="8 bytes of the reader were withheld"):
        await transport.write(b"who.")


async def test_family_without_a_witness_is_not_recorded() -> None:
    near, _ = connected_pipes()
    profile = replace(profile_named("magtek_dynaprox"), family="acme")

    with pytest.raises(LocalError, match="'acme'"):
        recorded(near, profile, sink=Lines(), monotonic=Clock().monotonic)
