"""Everything that can go wrong between the agent and a reader.

DriverError
├── LocalError                     we broke a rule: an illegal call or argument
├── RemoteError                    the reader broke a rule: bytes that mean nothing
│   ├── TlvError                   not BER-TLV, or beyond its limits
│   └── FrameError                 not a frame of the family's protocol
├── ReaderRefused                  a well-formed "no" from the reader
├── ReaderTimeout                  no answer in time; what the reader did is unknown
├── FeatureUnsupported             this model has no such feature, or not now
├── ReaderEncryptionOff            the reader would send card data in the clear
├── ReaderTampered                 the reader was opened or attacked
├── PortWatchUnavailable           the system does not tell what is plugged in
└── TransportError
    ├── TransportUnavailable       the port could not be opened
    │   ├── BluetoothDisabled      this machine's Bluetooth is switched off
    │   └── BluetoothPairingLost   the reader does not know this machine any more
    └── Disconnected               the port was open and is gone

`code` is API: documented in docs/errors.md and never renamed.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar

ErrorT = TypeVar("ErrorT", bound=BaseException)


class DriverError(Exception):
    """The root of the tree; `code` is stable, the message is for people."""

    code: ClassVar[str] = "reader_error"
    retryable: ClassVar[bool] = False


def without_frames(error: ErrorT) -> ErrorT:
    """`error`, to be kept: the frames that it and its causes went through are let go.

    Their variables would keep alive what the reader sent, card data among it.
    """
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


class LocalError(DriverError):
    """An illegal call: a defect in our own code, never the reader's."""

    code = "reader_call_invalid"


class RemoteError(DriverError):
    """Bytes from the reader that break its protocol."""

    code = "reader_protocol_error"


class TlvError(RemoteError):
    """Bytes that are not BER-TLV, or exceed the limits set for a device."""

    code = "reader_tlv_invalid"


class FrameError(RemoteError):
    """Bytes that are not a frame of the reader's protocol."""

    code = "reader_frame_invalid"


class ReaderRefused(DriverError):
    """The reader understood the request and declined to carry it out."""

    code = "reader_refused"

    def __init__(self, request: str, *, detail: str) -> None:
        """`request` names what was asked; `detail` is the reader's reason as hex."""
        super().__init__(f"the reader refused {request}: {detail}")
        self.request = request
        self.detail = detail


class FeatureUnsupported(DriverError):
    """The reader lacks what the call needs: a screen, a keypad, a way to read a card."""

    code = "reader_feature_unsupported"


class ReaderTimeout(DriverError):
    """No answer in time. What the reader did is unknown, never "nothing"."""

    code = "reader_timeout"
    retryable = True


class ReaderEncryptionOff(DriverError):
    """The reader reports that it would send card data unencrypted."""

    code = "reader_encryption_off"


class ReaderTampered(DriverError):
    """The reader says that it was opened or attacked; only its vendor can help."""

    code = "reader_tampered"


class PortWatchUnavailable(DriverError):
    """The system does not tell of ports that come and go; looking again still works."""

    code = "port_watch_unavailable"

    def __init__(self, reason: str) -> None:
        """`reason` is for the log."""
        super().__init__(f"cannot watch for readers being plugged in: {reason}")
        self.reason = reason


class TransportError(DriverError):
    """The wire below the protocol failed."""

    code = "reader_transport_error"
    retryable = True

    def __init__(self, spec: str, reason: str) -> None:
        """`spec` is the transport spec string, such as `serial:/dev/ttyUSB0`."""
        super().__init__(f"{spec}: {reason}")
        self.spec = spec
        self.reason = reason


class TransportUnavailable(TransportError):
    """The port could not be opened: missing, not permitted, or taken."""

    code = "reader_unavailable"


class BluetoothDisabled(TransportUnavailable):
    """Bluetooth is switched off on this machine."""

    code = "bluetooth_disabled"


class BluetoothPairingLost(TransportUnavailable):
    """The reader refuses to be paired, or has forgotten that it was."""

    code = "bluetooth_peer_removed_pairing_information"


class Disconnected(TransportError):
    """The port was open and is gone: unplugged, powered off or out of range."""

    code = "reader_disconnected"
