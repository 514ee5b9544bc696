"""Where a webhook goes, and whether the simulator may send anything there."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

ANY_HOST = "*"


@dataclass(frozen=True, slots=True)
class Destination:
    """One endpoint's address, taken apart."""

    host: str
    port: int
    target: str
    """Path and query, as in a request line."""
    is_tls: bool

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host if self.port == _DEFAULT_PORT[self.is_tls] else f"{host}:{self.port}"
        )


_DEFAULT_PORT = {False: 80, True: 443}


def parse_destination(url: str) -> Destination:
    """Take a URL apart; raises ValueError where it is not an HTTP URL in ASCII."""
    if not url.isascii() or any(not 32 < ord(letter) < 127 for letter in url):
        raise ValueError("not a URL in printable ASCII")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an HTTP URL")
    is_tls = parts.scheme == "https"
    query = f"?{parts.query}" if parts.query else ""
    return Destination(
        host=parts.hostname,
        port=parts.port or _DEFAULT_PORT[is_tls],
        target=f"{parts.path or '/'}{query}",
        is_tls=is_tls,
    )


def is_allowed(destination: Destination, hosts: Set[str]) -> bool:
    """Whether it is this machine, or one of the hosts allowed by name.

    A name other than `localhost` is never resolved to find out: what it means may
    change between the question and the connection.
    """
    return (
        _is_loopback(destination.host) or ANY_HOST in hosts or destination.host in hosts
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
