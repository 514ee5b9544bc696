"""One thing that a simulated reader does after a while, unless it thinks better of it."""

from __future__ import annotations

from collections.abc import Callable

from simulator.clock import Timer


class Alarm:
    """Setting it anew forgets what it was set for."""

    def __init__(self, later: Callable[[float, Callable[[], None]], Timer]) -> None:
        """`later` is the bench's."""
        self._later = later
        self._timer: Timer | None = None

    @property
    def is_set(self) -> bool:
        """Whether it is to do something."""
        return self._timer is not None

    def set(self, delay_s: float, action: Callable[[], None]) -> None:
        """Do it after a while; without a while, at once."""
        self.stop()
        if delay_s > 0:
            self._timer = self._later(delay_s, action)
        else:
            action()

    def set_unless_zero(self, delay_s: float, action: Callable[[], None]) -> None:
        """As `set`, but 0 is never: a host's word for no timeout."""
        self.stop()
        if delay_s > 0:
            self._timer = self._later(delay_s, action)

    def stop(self) -> None:
        """Forget it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
