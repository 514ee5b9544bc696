"""A bus of USB devices for unmodified pyusb; a test module names this in pytest_plugins."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from usb_devices import UsbBus, all_threads_ended
from usbip_backend import UsbipBackend, install


@pytest.fixture
async def usb_bus(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UsbBus]:
    """Nothing is plugged in; whatever a test opens, it closes."""
    bus = UsbBus(UsbipBackend())
    install(monkeypatch, bus.backend)
    yield bus
    bus.close()
    await all_threads_ended()
    assert bus.backend.open_handles == set()
