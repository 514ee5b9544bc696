"""A transport whose traffic is written down, as far as a witness lets it be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.errors import TransportError
from drivers.protocol.witness import Sender, Witness
from drivers.recording.format import (
    Ended,
    Entry,
    Header,
    Passed,
    entry_line,
    header_line,
)
from drivers.transport.base import Transport
from drivers.wires import WireKind


class Sink(Protocol):
    """Where a recording goes. What goes wrong there must not be raised here."""

    def write(self, line: str) -> None:
        """Take one line, its end included."""
        ...

    def close(self) -> None:
        """There will be no more."""
        ...


class RecordedTransport:
    """Implements Transport around another one, which it changes in nothing."""

    def __init__(
        self,
        transport: Transport,
        *,
        family: str,
        model: str,
        witness: Witness,
        sink: Sink,
        monotonic: Callable[[], float],
    ) -> None:
        """The recording goes to `sink`; `monotonic` is a clock."""
        self._transport = transport
        self._witness = witness
        self._sink = sink
        self._monotonic = monotonic
        self._began_at_s = monotonic()
        self._has_ended = False
        sink.write(
            header_line(
                Header(
                    family,
                    model,
                    transport.spec,
                    transport.kind,
                    transport.packet_bytes,
                )
            )
        )

    @property
    def spec(self) -> str:
        """The spec string it was opened by."""
        return self._transport.spec

    @property
    def kind(self) -> WireKind:
        """As the wire has it."""
        return self._transport.kind

    @property
    def packet_bytes(self) -> int | None:
        """As the wire has it."""
        return self._transport.packet_bytes

    async def read(self) -> bytes:
        """What the wire gives."""
        try:
            data = await self._transport.read()
        except TransportError as error:
            self._end(Sender.READER, error.reason)
            raise
        self._pass(Sender.READER, data)
        return data

    def receive(self, received: Callable[[bytes], None]) -> None:
        """Write down what arrives as it arrives, and hand it over."""

        def note(data: bytes) -> None:
            self._pass(Sender.READER, data)
            received(data)

        self._transport.receive(note)

    async def write(self, data: bytes) -> None:
        """Write it down, and hand it to the wire."""
        # First: the answer may be there before the wire is done with the question.
        self._pass(Sender.HOST, data)
        await self._transport.write(data)

    async def wait_closed(self) -> None:
        """Return when the wire is gone."""
        await self._transport.wait_closed()

    async def aclose(self) -> None:
        """Close the wire."""
        self._end(Sender.HOST, "closed by this program")
        await self._transport.aclose()

    def _pass(self, sender: Sender, data: bytes) -> None:
        if self._has_ended:
            return
        for heard in self._witness.hear(sender, data):
            self._note(Passed(self._elapsed_s(), sender, heard))

    def _end(self, by: Sender, reason: str) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._note(Ended(self._elapsed_s(), by, reason))
            self._sink.close()

    def _note(self, entry: Entry) -> None:
        self._sink.write(entry_line(entry))

    def _elapsed_s(self) -> float:
        return self._monotonic() - self._began_at_s
