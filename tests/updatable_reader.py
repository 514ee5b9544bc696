"""A reader that can be updated, without a wire: a device, and connections to it.

The device goes on existing when a connection or the agent ends, as real ones do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from scripted_reader import ScriptedReader

from drivers.errors import (
    Disconnected,
    ReaderRefused,
    ReaderTimeout,
    TransportUnavailable,
)
from drivers.features import Battery, Features, KeyState
from drivers.reader import Reader, ReaderInfo

SPEC = "serial:/dev/till"
CHUNK_BYTES = 1024
KEYS = (
    KeyState("data", bytes.fromhex("FFFF9876543210E00001"), is_usable=True),
    KeyState("pin", bytes.fromhex("FFFF9876543210E00002"), is_usable=True),
    KeyState("mac", None, is_usable=False),
)


@dataclass
class Device:
    """What is on the counter, and what will go wrong with it."""

    spec: str = SPEC
    serial_number: str = "B50"
    firmware_version: str = "1.0"
    images: dict[str, str] = field(default_factory=dict)
    """The versions of the images that its vendor has signed, by their SHA-256."""
    keys: tuple[KeyState, ...] = KEYS
    battery: Battery | None = None
    has_keys: bool = True
    tells_keys: bool = True
    takes_firmware: bool = True
    drops_off_the_wire: bool = True
    """Not so on a serial line, which a restart leaves open."""
    cuts_at: list[int] = field(default_factory=list)
    """Chunks, counted over all loads, at which the wire is lost."""
    silent_at: list[int] = field(default_factory=list)
    """Chunks after which no answer comes."""
    hangs_at: int | None = None
    """The chunk at which everything stops, until the agent is killed."""
    hung: asyncio.Event = field(default_factory=asyncio.Event)
    activation_is_lost: list[str] = field(default_factory=list)
    """`before` or `after` the reader has heard of it, once each."""
    refuses_to_run: bool = False
    defect: Exception | None = None
    """What its driver raises that no driver should."""
    silent_about_keys: int = 0
    """How often it does not answer that question, once it has restarted."""
    comes_back: bool = True
    comes_back_as: str | None = None
    """Another version than that of the image."""
    forgets_its_version: bool = False
    comes_back_with: tuple[KeyState, ...] | None = None
    is_present: bool = True
    loads: int = 0
    chunks: int = 0
    activations: int = 0
    staged: str | None = None
    """The SHA-256 of the image that waits for its activation."""
    connection: UpdatableReader | None = None

    async def open(self, spec: str, model: str | None) -> Reader:
        """Implements agent.readers.session.OpenReader."""
        if spec != self.spec or not self.is_present:
            raise TransportUnavailable(spec, "nothing is there")
        self.connection = UpdatableReader(self)
        return self.connection

    def unplug(self) -> None:
        """The cable is out; it can be opened again at once."""
        if self.connection is not None:
            self.connection.unplugged.set()
            self.connection = None

    def lose_power(self) -> None:
        """It forgets what was loaded and not activated, and is back at once."""
        self.staged = None
        self.unplug()

    def restart(self) -> None:
        """Run what was activated; drop off the wire meanwhile."""
        self.activations += 1
        if self.staged is not None:
            version = self.images[self.staged]
            self.firmware_version = self.comes_back_as or version
            self.keys = (
                self.keys if self.comes_back_with is None else self.comes_back_with
            )
        self.staged = None
        self.is_present = self.comes_back
        if self.drops_off_the_wire or not self.comes_back:
            self.unplug()


class UpdatableReader(ScriptedReader):
    """One connection: drivers.reader.Reader with FirmwareLoader, keys and battery."""

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device = device
        # What it says of itself was asked on opening.
        is_silent = device.forgets_its_version and device.activations
        version = None if is_silent else device.firmware_version
        self.info = ReaderInfo(
            "scripted", "magtek_dynaprox", device.serial_number, version
        )
        self.features = Features(
            firmware=self if device.takes_firmware else None,
            keys=self if device.has_keys else None,
            battery=None if device.battery is None else self,
        )

    async def key_states(self) -> tuple[KeyState, ...]:
        self._check_wire()
        if self.device.activations and self.device.silent_about_keys:
            self.device.silent_about_keys -= 1
            raise ReaderTimeout(f"{SPEC}: no answer about keys")
        if not self.device.tells_keys:
            raise ReaderRefused("the state of its keys", detail="010113")
        return self.device.keys

    async def battery(self) -> Battery:
        self._check_wire()
        assert self.device.battery is not None
        return self.device.battery

    async def load(
        self, image: bytes, *, image_type: int, progress: Callable[[int], None]
    ) -> None:
        if self.device.defect is not None:
            raise self.device.defect
        self.device.staged = None
        self.device.loads += 1
        for offset in range(0, len(image), CHUNK_BYTES):
            await self._take_chunk()
            progress(min(offset + CHUNK_BYTES, len(image)))
        digest = sha256(image).hexdigest()
        if digest not in self.device.images:
            raise ReaderRefused("the image", detail="02010A")
        self.device.staged = digest

    async def _take_chunk(self) -> None:
        device, number = self.device, self.device.chunks
        device.chunks += 1
        await asyncio.sleep(0)
        if number in device.cuts_at:
            device.unplug()
        self._check_wire()
        if number in device.silent_at:
            raise ReaderTimeout(f"{SPEC}: no answer to a chunk")
        if number == device.hangs_at:
            device.hung.set()
            await asyncio.Event().wait()

    async def activate(self, image: bytes, *, image_type: int) -> None:
        self._check_wire()
        lost = self.device.activation_is_lost
        when = lost.pop(0) if lost else None
        if when == "before":
            self.device.unplug()
            raise Disconnected(SPEC, "the cable is out")
        is_staged = self.device.staged == sha256(image).hexdigest()
        if self.device.refuses_to_run or not is_staged:
            raise ReaderRefused("to run the image", detail="020102")
        self.device.restart()
        if when == "after":
            raise Disconnected(SPEC, "the cable is out")

    def _check_wire(self) -> None:
        if self.unplugged.is_set():
            raise Disconnected(SPEC, "the cable is out")


def erased(keys: tuple[KeyState, ...] = KEYS) -> tuple[KeyState, ...]:
    """The same slots, empty."""
    return tuple(replace(key, ksn=None, is_usable=False) for key in keys)
