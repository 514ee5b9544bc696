"""Until when the certificates are good that the settings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from agent.certificates import Period, list_valid, longest_valid, read_certificate
from agent.settings import FleetSettings, RestSettings


class Use(StrEnum):
    """What a certificate is for; a label of the metrics."""

    TLS = "tls"
    TLS_CLIENT_CA = "tls_client_ca"
    TLS_CRL = "tls_crl"
    FLEET = "fleet"


@dataclass(frozen=True, slots=True)
class Dated:
    """A file that is good for a time."""

    use: Use
    file: Path
    valid: Period

    def days_left(self, at: datetime) -> float:
        """Negative once it has ended."""
        return (self.valid.ends_at - at) / timedelta(days=1)


def of_the_way_in(settings: RestSettings) -> Iterator[Dated]:
    """What is shown and believed over TLS; what cannot be read is left out."""
    yield from _read(Use.TLS, settings.tls_cert_file, _first)
    yield from _read(Use.TLS_CLIENT_CA, settings.tls_client_ca_file, longest_valid)
    yield from _read(Use.TLS_CRL, settings.tls_crl_file, list_valid)


def of_the_fleet(settings: FleetSettings) -> Iterator[Dated]:
    """What a fleet's broker is shown; what cannot be read is left out."""
    yield from _read(Use.FLEET, settings.client_cert_file, _first)


def _first(pem: bytes) -> Period:
    return read_certificate(pem).valid


def _read(
    use: Use, file: Path | None, period: Callable[[bytes], Period]
) -> Iterator[Dated]:
    if file is not None:
        with suppress(OSError, ValueError):
            yield Dated(use, file, period(file.read_bytes()))
