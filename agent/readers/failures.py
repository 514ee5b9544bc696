"""What a reader's driver raises, as the agent answers with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agent.errors import (
    ReaderError,
    ReaderFault,
    ReaderFeatureUnsupported,
    ReaderOffline,
    ReaderTimedOut,
)
from drivers.errors import (
    DriverError,
    FeatureUnsupported,
    ReaderTimeout,
    TransportError,
)


@contextmanager
def reader_failures() -> Iterator[None]:
    """Within the context a DriverError becomes a ReaderError."""
    try:
        yield
    except DriverError as error:
        raise _error_of(error) from error


def _error_of(error: DriverError) -> ReaderError:
    message = f"{str(error)[:1].upper()}{str(error)[1:]}."
    match error:
        case FeatureUnsupported():
            return ReaderFeatureUnsupported(message)
        case ReaderTimeout():
            return ReaderTimedOut(message)
        case TransportError():
            return ReaderOffline(message)
        case _:
            return ReaderFault(message)
