"""The wires a simulated reader can hang on, chosen by a spec such as `pty:PATH`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.errors import WireUnavailable
from simulator.reader.wires.pty import PtyWire
from simulator.reader.wires.tcp import TcpWire
from simulator.reader.wires.wire import Nameplate, Wire

if TYPE_CHECKING:
    from simulator.reader.wires.bluez import SimulatedBluetooth

BLUETOOTH = "ble:"
"""How the specs of readers on the air begin."""
_FORMS = ("pty:PATH", "tcp:HOST:PORT", "usbip:HOST:PORT", f"{BLUETOOTH}ADDRESS")


def wire_for(
    spec: str,
    nameplate: Callable[[], Nameplate],
    *,
    bluetooth: SimulatedBluetooth | None = None,
) -> Wire:
    """The wire that `spec` names, unplugged; raises WireUnavailable for none.

    `nameplate` gives what the reader shows on a wire that names its devices, and
    `bluetooth` is the air for those that need it.

    `pty:PATH` is a serial port behind the symbolic link PATH; `tcp:HOST:PORT` and
    `usbip:HOST:PORT` listen; `ble:ADDRESS` is a Bluetooth LE device.
    """
    kind, _, address = spec.partition(":")
    if kind == "pty" and address:
        return PtyWire(address)
    if spec.startswith(BLUETOOTH) and bluetooth is not None:
        return bluetooth.wire_at(address, nameplate())
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and int(port) < 1 << 16:
        if kind == "tcp":
            return TcpWire(host, int(port))
        if kind == "usbip":
            # Loads a library that most simulators never need.
            from simulator.reader.wires.usbip import UsbipWire

            return UsbipWire(host, int(port), nameplate)
    raise WireUnavailable(f"{spec!r} is none of {', '.join(_FORMS)}")
