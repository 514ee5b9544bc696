"""Where events may be sent. Pure: no name is looked up.

Plain HTTP goes no further than this machine. HTTPS goes to this machine and to the
hosts that the administrator named, so that no key can have the agent call at others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

LONGEST_URL = 2000


class NotAllowed(ValueError):
    """Nothing is sent there; the message says why."""


@dataclass(frozen=True, slots=True)
class Destination:
    """An endpoint's address, taken apart."""

    host: str
    port: int
    target: str
    """Path and query."""
    authority: str
    """As in the Host header."""
    is_secure: bool
    is_local: bool
    """On this machine."""


def destination_of(url: str, *, hosts: Collection[str]) -> Destination:
    """Take the URL apart; `hosts` are allowed beside this machine. Raises NotAllowed."""
    parts, host, port = _parts(url)
    is_secure, is_local = parts.scheme == "https", is_this_machine(host)
    if not is_local and host not in {each.lower() for each in hosts}:
        raise NotAllowed(f"{host} is not this machine, nor in events.webhook_hosts.")
    if not is_local and not is_secure:
        raise NotAllowed("Only https leaves this machine.")
    return Destination(
        host=host,
        port=port or (443 if is_secure else 80),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        authority=parts.netloc,
        is_secure=is_secure,
        is_local=is_local,
    )


def is_this_machine(host: str) -> bool:
    """Whether this is a loopback address, or the name of one."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _parts(url: str) -> tuple[SplitResult, str, int | None]:
    """The URL's parts, its host in lower case and its port."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise NotAllowed("A URL has printable ASCII letters only.")
    if len(url) > LONGEST_URL:
        raise NotAllowed(f"A URL has at most {LONGEST_URL} letters.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise NotAllowed("This is no URL.") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise NotAllowed("A URL begins with https:// or http:// and a host.")
    if "@" in parts.netloc:
        raise NotAllowed("A URL has no user name or password.")
    return parts, host, port
