"""An event stream as a caller reads it: frame by frame, however they were written."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing


async def one_by_one(pieces: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The frames of all pieces; closing it closes those."""
    async with aclosing(pieces):
        async for piece in pieces:
            for frame in piece.removesuffix("\n\n").split("\n\n"):
                yield f"{frame}\n\n"
