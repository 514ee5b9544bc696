"""A serial port: a pseudo-terminal behind a symbolic link that survives re-plugging."""

from __future__ import annotations

import os
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drivers.wires import WireKind
from simulator.errors import WireUnavailable
from simulator.reader.wires.descriptor import DescriptorStream


class PtyWire:
    """Implements Wire. The link exists exactly while the cable is plugged in."""

    def __init__(self, path: str) -> None:
        """`path` is where hosts find the port."""
        self._path = Path(path)
        self._stream: DescriptorStream | None = None
        self._terminal: int | None = None
        self._terminal_name = ""

    @property
    def spec(self) -> str:
        """`pty:` and the path of the link."""
        return f"pty:{self._path}"

    @property
    def kind(self) -> WireKind:
        """A stream."""
        return WireKind.STREAM

    @property
    def packet_bytes(self) -> int | None:
        """None: a stream has no packets."""
        return None

    def plug(
        self, received: Callable[[bytes], None], *, product_id: int | None = None
    ) -> None:
        """Make a new terminal and point the link to it in one step."""
        self.unplug()
        if self._path.exists() and not self._path.is_symlink():
            raise WireUnavailable(f"{self._path} exists and is no link to replace")
        controller, terminal = os.openpty()
        # Our own open end of the terminal: without one, reading the controller fails
        # whenever no host is there.
        tty.setraw(terminal)
        name = os.ttyname(terminal)
        try:
            _point(self._path, name)
        except OSError as error:
            os.close(controller)
            os.close(terminal)
            raise WireUnavailable(f"{self._path}: {error.strerror}") from error
        self._terminal, self._terminal_name = terminal, name
        self._stream = DescriptorStream(
            controller, received=received, closed=self.unplug
        )

    def unplug(self) -> None:
        """Remove the link and hang up on whoever has the terminal open."""
        if self._terminal is None or self._stream is None:
            return
        with suppress(OSError):
            # Another process may have put its own reader there meanwhile.
            if self._path.readlink() == Path(self._terminal_name):
                self._path.unlink()
        self._stream.close()
        os.close(self._terminal)
        self._stream = self._terminal = None

    def send(self, data: bytes) -> None:
        """Bytes to the host; the terminal keeps some for one that opens it later."""
        if self._stream is not None:
            self._stream.send(data)


def _point(link: Path, target: str) -> None:
    temporary = link.with_name(f".{link.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(link)
