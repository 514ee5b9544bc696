"""A way in over TLS as an administrator makes one, and callers who try it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rest_fakes import Agent, running_agent

from agent.certificates import (
    Certified,
    client_certificate,
    new_authority,
    revocation_list,
    server_certificate,
)
from agent.clock import SystemClock
from agent.listening import listen_securely
from agent.rest.serving import StopSignals, serve_http
from agent.settings import RestSettings

AT = SystemClock().now()
"""Certificates are held against this machine's clock."""
NAME = "till-1.shop.example"


@dataclass(frozen=True)
class Files:
    """What an administrator has, in a folder."""

    folder: Path
    authority: Certified

    @classmethod
    def of(cls, folder: Path) -> Self:
        """A new authority in a new folder."""
        folder.mkdir()
        made = cls(folder, new_authority(AT))
        made.keep("ca", made.authority)
        return made

    def keep(self, name: str, made: Certified) -> tuple[Path, Path]:
        certificate = self.folder / f"{name}.pem"
        key = self.folder / f"{name}-key.pem"
        put(key, made.key)
        put(certificate, made.certificate)
        return certificate, key

    def revoke(self, *serials: int) -> Path:
        """The list of these, in the place of any other."""
        listed = self.folder / "revoked.pem"
        revoked = dict.fromkeys(serials, AT)
        put(listed, revocation_list(self.authority, revoked, at=AT))
        return listed

    def settings(self, *, client_ca: bool = False, crl: bool = False) -> RestSettings:
        certificate, key = self.keep(
            "server", server_certificate(self.authority, [NAME, "127.0.0.1"], at=AT)
        )
        return RestSettings(
            tls_port=0,
            tls_cert_file=certificate,
            tls_key_file=key,
            tls_names=(NAME,),
            tls_client_ca_file=self.folder / "ca.pem" if client_ca else None,
            tls_crl_file=self.revoke() if crl else None,
        )

    def caller(self, name: str | None = None) -> ssl.SSLContext:
        """A caller who trusts the authority, with a certificate of this name."""
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if name is not None:
            made = client_certificate(self.authority, name, at=AT)
            context.load_cert_chain(*self.keep(name, made))
        return context


def put(path: Path, content: bytes) -> None:
    """As tools renew: another file in the place of the former."""
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.chmod(0o600)
    draft.replace(path)


@asynccontextmanager
async def served(
    folder: Path, settings: RestSettings, signals: StopSignals
) -> AsyncIterator[tuple[Agent, int, int]]:
    """The agent, its port over TLS and its port without."""
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(running_agent(folder, rest=settings))
        secured = listen_securely(settings, [], stack)
        assert secured is not None
        plain = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        serving = asyncio.ensure_future(
            serve_http(
                agent.app,
                sockets=[plain],
                signals=signals,
                request_timeout_s=settings.request_timeout_s,
                secured=secured,
            )
        )
        yield agent, secured.sockets[0].getsockname()[1], plain.getsockname()[1]
        os.kill(os.getpid(), signal.SIGTERM)
        await serving


async def ask(
    port: int,
    context: ssl.SSLContext | None,
    *,
    host: str = NAME,
    key: str = "",
    origin: str = "",
) -> bytes:
    """Everything that comes back; nothing where there is no way in."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=NAME if context else None
    )
    lines = [
        "GET /v1/terminal/readers HTTP/1.1",
        f"Host: {host}:{port}",
        "Connection: close",
        *([f"Authorization: Bearer {key}"] if key else []),
        *([f"Origin: {origin}"] if origin else []),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    try:
        return await reader.read()
    except (ssl.SSLError, ConnectionError):
        return b""
    finally:
        writer.close()
