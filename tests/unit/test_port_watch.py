"""Watching ports on the machine as it is: what is refused, and that nothing is left."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

import pytest
import pyudev
import uvloop

from drivers.discovery.hotplug import Monitor, watch_ports
from drivers.errors import PortWatchUnavailable


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def watch_briefly() -> None:
    async with watch_ports() as changes:
        pass

    with pytest.raises(StopAsyncIteration):
        await anext(changes)
    with pytest.raises(StopAsyncIteration):
        await anext(changes)


def test_watch_leaves_no_descriptor_open() -> None:
    asyncio.run(watch_briefly())
    before = open_descriptors()

    asyncio.run(watch_briefly())

    assert open_descriptors() == before


def test_watch_works_on_uvloop() -> None:
    uvloop.run(watch_briefly())


async def test_closed_channel_is_a_named_error_with_its_reason() -> None:
    def connect(context: pyudev.Context, *, source: str) -> Monitor:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    with pytest.raises(PortWatchUnavailable, match="Address family") as caught:
        async with watch_ports(connect=connect):
            pass

    assert caught.value.code == "port_watch_unavailable"


async def test_missing_libudev_names_the_package() -> None:
    def connect(context: pyudev.Context, *, source: str) -> Monitor:
        raise ImportError("no library named udev")

    with pytest.raises(PortWatchUnavailable, match="libudev1"):
        async with watch_ports(connect=connect):
            pass
