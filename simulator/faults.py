"""Faults of a wire: the same bytes, late, in pieces, twice, damaged, or not at all.

Seeded, so that a run repeats. It knows nothing of what the bytes mean.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulator.clock import Clock

Random = Callable[[int], bytes]
"""That many random bytes; passed in seeded."""


@dataclass(frozen=True, slots=True)
class WireFaults:
    """What goes wrong on one direction of a wire; by default nothing."""

    cut_after_bytes: int | None = None
    """So many more bytes pass, then the cable is out."""
    corrupt: float = 0.0
    """The chance that a byte arrives as another one."""
    duplicate: float = 0.0
    """The chance that a piece arrives twice."""
    drop: float = 0.0
    """The chance that a piece never arrives."""
    delay_s: float = 0.0
    """Time before each piece; pieces stay in order."""
    piece_bytes: int | None = None
    """Bytes arrive in pieces of this size; None leaves them as they were sent.

    A wire with packets carries whole packets whatever this says.
    """


NO_FAULTS = WireFaults()


class FaultyLine:
    """One direction of a wire; hands on what is left of the bytes."""

    def __init__(
        self,
        deliver: Callable[[bytes], None],
        *,
        cut: Callable[[], None],
        clock: Clock,
        random: Random,
        has_packets: bool = False,
    ) -> None:
        """`cut` is called once when `cut_after_bytes` have passed.

        With `has_packets` what is sent at once arrives at once, or not at all.
        """
        self._deliver = deliver
        self._cut = cut
        self._clock = clock
        self._random = random
        self._has_packets = has_packets
        self._faults = NO_FAULTS
        self._bytes_left: int | None = None
        self._waiting: deque[bytes] = deque()
        self._is_timed = False

    def set_faults(self, faults: WireFaults) -> None:
        """From now on these; counting begins anew."""
        self._faults = faults
        self._bytes_left = faults.cut_after_bytes

    def forget(self) -> None:
        """Drop what is under way: the cable was pulled, and may be put in again."""
        self._waiting.clear()
        self._bytes_left = None

    def send(self, data: bytes) -> None:
        """Put `data` on the line."""
        for piece in self._pieces(data):
            if self._happens(self._faults.drop):
                continue
            times = 2 if self._happens(self._faults.duplicate) else 1
            for _ in range(times):
                self._pass_on(self._damaged(piece))

    def _pieces(self, data: bytes) -> list[bytes]:
        if self._has_packets:
            return [data]
        size = self._faults.piece_bytes or len(data) or 1
        return [data[start : start + size] for start in range(0, len(data), size)]

    def _damaged(self, piece: bytes) -> bytes:
        if not self._faults.corrupt:
            return piece
        return bytes(
            byte ^ (self._random(1)[0] or 0xFF)
            if self._happens(self._faults.corrupt)
            else byte
            for byte in piece
        )

    def _pass_on(self, piece: bytes) -> None:
        if self._faults.delay_s or self._waiting:
            self._waiting.append(piece)
            self._time()
        else:
            self._arrive(piece)

    def _time(self) -> None:
        if not self._is_timed:
            self._is_timed = True
            self._clock.call_later(self._faults.delay_s, self._next)

    def _next(self) -> None:
        self._is_timed = False
        if self._waiting:
            self._arrive(self._waiting.popleft())
        if self._waiting:
            self._time()

    def _arrive(self, piece: bytes) -> None:
        if self._bytes_left is None:
            self._deliver(piece)
            return
        if not self._bytes_left:
            return
        is_whole = len(piece) <= self._bytes_left
        passed = piece[: self._bytes_left]
        self._bytes_left -= len(passed)
        if is_whole or not self._has_packets:
            self._deliver(passed)
        if not self._bytes_left:
            self._cut()

    def _happens(self, chance: float) -> bool:
        # No draw where nothing can go wrong, so that a rule does not shift the others.
        return chance > 0 and int.from_bytes(self._random(4), "big") < chance * 2**32
