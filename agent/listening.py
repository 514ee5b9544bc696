"""Where the local API is reached: the sockets handed over, or those the settings name."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

from agent.errors import SettingsInvalid
from agent.settings import RestSettings
from agent.tls import RenewedContext, Secured

BACKLOG = 128


def listen(
    settings: RestSettings, handed: list[socket.socket], stack: AsyncExitStack
) -> list[socket.socket]:
    """Sockets on which a connection waits to be served; `stack` closes them.

    What systemd has handed over takes the place of what the settings name, and is there
    while the agent restarts. Raises SettingsInvalid.
    """
    if handed:
        return [_undelayed(stack.enter_context(each)) for each in handed]
    sockets = [stack.enter_context(_listen_tcp(settings.host, settings.port))]
    if settings.socket is not None:
        sockets.append(stack.enter_context(_listen_unix(settings.socket)))
    for listening in sockets:
        # From here on a connection waits to be served instead of being refused.
        listening.listen(BACKLOG)
    return sockets


def listen_securely(
    settings: RestSettings,
    handed: list[socket.socket],
    stack: AsyncExitStack | ExitStack,
) -> Secured | None:
    """The way in over TLS, if anybody wants one. Raises SettingsInvalid.

    What systemd has handed over takes the place of `rest.tls_port` and `rest.tls_host`.
    """
    sockets = [_undelayed(stack.enter_context(each)) for each in handed]
    if settings.tls_port is None and not sockets:
        return None
    if not settings.tls_names:
        raise SettingsInvalid("rest.tls_names: callers over TLS need a name to ask for")
    context = RenewedContext(settings)
    if settings.tls_port is not None and not sockets:
        where = settings.tls_host, settings.tls_port
        listening = stack.enter_context(_listen_tcp(*where, setting="rest.tls_port"))
        listening.listen(BACKLOG)
        sockets.append(listening)
    return Secured(sockets, context)


def address(listening: socket.socket, *, scheme: str) -> str:
    """Where a socket is reached: a URL, or `unix:` and a path."""
    if listening.family == socket.AF_UNIX:
        return f"unix:{listening.getsockname()}"
    host, port = listening.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _listen_tcp(host: str, port: int, *, setting: str = "rest.port") -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _undelayed(listening)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsInvalid(
            f"{setting}: {host}:{port} cannot be listened on: {error.strerror}"
        ) from error
    return listening


def _listen_unix(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listening.bind(str(path))
        path.chmod(0o660)
    except OSError as error:
        listening.close()
        raise SettingsInvalid(
            f"rest.socket: {path} cannot be listened on: {error.strerror}"
        ) from error
    return listening


def _undelayed(listening: socket.socket) -> socket.socket:
    """Inherited by accepted connections: an answer is never held back for an ACK."""
    if listening.family != socket.AF_UNIX:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
