"""Which firmware there is, and its images on this machine's disk.

Nothing here blocks the event loop: the repository is asked on a thread of its own,
and the TUF library is loaded by that thread when it is first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from shutil import disk_usage
from threading import Event
from typing import TYPE_CHECKING, TypeVar

from agent.clock import Clock
from agent.firmware.errors import (
    BundleUnreadable,
    DiskTooFull,
    DownloadTooLarge,
    FirmwareNotConfigured,
    ImageDamaged,
    RepositoryUnreachable,
)
from agent.firmware.image import FirmwareImage
from agent.settings import FirmwareSettings

if TYPE_CHECKING:
    from agent.firmware.tuf_client import Repository

T = TypeVar("T")

METADATA_LIMIT_S = 45.0
"""For all that is small: whoever asks over the local API waits for it."""
LEAST_LEFT_BYTES = 64 * 1024 * 1024
"""What an image must leave free of the disk: payments need the journal."""


class Catalog:
    """The repository of the settings, or a bundle that somebody has brought along."""

    def __init__(
        self, settings: FirmwareSettings, *, folder: Path, clock: Clock
    ) -> None:
        """`folder` is the agent's own, for metadata seen and images fetched."""
        self.settings = settings
        self._folder = folder
        self._clock = clock
        self._executor: ThreadPoolExecutor | None = None

    async def images(self, bundle: str | None = None) -> tuple[FirmwareImage, ...]:
        """All images offered now, by the bundle or else the repository.

        Raises FirmwareNotConfigured and CatalogError.
        """
        repository, now = await self._repository(bundle), self._clock.now()

        def read(stop: Event) -> tuple[FirmwareImage, ...]:
            from agent.firmware.tuf_client import read_catalogue

            return read_catalogue(repository, now=now, stop=stop)

        limit_s = min(METADATA_LIMIT_S, self.settings.download_timeout_s)
        return await self._on_thread(read, limit_s=limit_s)

    async def fetch(
        self, name: str, *, digest: str, length: int, bundle: str | None = None
    ) -> None:
        """Have the image on the disk; nothing is fetched that is there already.

        Raises FirmwareNotConfigured and CatalogError.
        """
        path = self._image_path(digest)
        if path.exists() and path.stat().st_size == length:
            return
        self._check_room(name, length=length)
        repository, now = await self._repository(bundle), self._clock.now()

        def fetch(stop: Event) -> None:
            from agent.firmware.tuf_client import fetch_image

            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fetch_image(repository, name, path=path, now=now, stop=stop)

        await self._on_thread(fetch, limit_s=self.settings.download_timeout_s)

    async def read(self, *, digest: str, length: int) -> bytes:
        """The image from the disk, as it was signed.

        Raises ImageDamaged where it is not that: then it is forgotten, to be fetched
        again.
        """
        path = self._image_path(digest)

        def read(_: Event) -> bytes:
            with suppress(OSError):
                content = path.read_bytes()
                if len(content) == length and sha256(content).hexdigest() == digest:
                    return content
            path.unlink(missing_ok=True)
            raise ImageDamaged("The image on this machine's disk is damaged.")

        return await self._on_thread(read)

    def forget(self, digest: str) -> None:
        """The image is not needed any more."""
        self._image_path(digest).unlink(missing_ok=True)

    def close(self) -> None:
        """Let the thread go; it ends as soon as the server says its next word."""
        if self._executor is not None:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _image_path(self, digest: str) -> Path:
        return self._folder / "images" / digest

    def _check_room(self, name: str, *, length: int) -> None:
        most = self.settings.max_image_bytes
        if length > most:
            raise DownloadTooLarge(f"{name} has {length} bytes; the limit is {most}.")
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if disk_usage(self._folder).free - length < LEAST_LEFT_BYTES:
            raise DiskTooFull(f"There is no room for the {length} bytes of {name}.")

    async def _repository(self, bundle: str | None) -> Repository:
        source = bundle or self.settings.repository
        root_file = self.settings.root_file
        if source is None or root_file is None:
            missing = "firmware.repository" if source is None else "firmware.root_file"
            raise FirmwareNotConfigured(f"{missing} is not set.")
        if bundle is not None and not Path(bundle).is_absolute():
            raise BundleUnreadable(f"{bundle} is not an absolute path.")

        def repository(_: Event) -> Repository:
            from agent.firmware.tuf_client import Repository

            try:
                root = root_file.read_bytes()
            except OSError as error:
                raise FirmwareNotConfigured(
                    f"firmware.root_file: {root_file}: {error.strerror}"
                ) from error
            return Repository(source, root, self._folder / "metadata")

        return await self._on_thread(repository)

    async def _on_thread(
        self, work: Callable[[Event], T], *, limit_s: float = METADATA_LIMIT_S
    ) -> T:
        """What `work` returns; it is told to stop where nobody waits any longer."""
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="firmware")
        stop = Event()
        try:
            async with asyncio.timeout(limit_s):
                return await asyncio.get_running_loop().run_in_executor(
                    self._executor, work, stop
                )
        except TimeoutError:
            raise RepositoryUnreachable(
                f"The repository took longer than {limit_s:g} s."
            ) from None
        finally:
            stop.set()
