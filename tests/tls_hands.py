"""A TLS handshake without a network."""

from __future__ import annotations

import ssl


def shaken_hands(
    server: ssl.SSLContext,
    caller: ssl.SSLContext,
    *,
    name: str,
    session: ssl.SSLSession | None = None,
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    """The server's end and the caller's, who offers to go on with `session`."""
    to_server, to_caller = ssl.MemoryBIO(), ssl.MemoryBIO()
    accepting = server.wrap_bio(to_server, to_caller, server_side=True)
    asking = caller.wrap_bio(
        to_caller, to_server, server_hostname=name, session=session
    )
    waiting = [asking, accepting]
    for _ in range(10):
        for end in [*waiting]:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    assert waiting == []
    return accepting, asking
