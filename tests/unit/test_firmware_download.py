"""Firmware over the network: a web server that serves, fails, stalls or never ends."""

from __future__ import annotations

import asyncio
import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
from firmware_repository import IMAGE, PublishedRepository, published

from agent.firmware.catalog import Catalog
from agent.firmware.errors import (
    DownloadTooLarge,
    ImageMissing,
    RepositoryUnreachable,
)


class WebServer(http.server.ThreadingHTTPServer):
    """Serves a folder, and misbehaves where a test says so."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Files, directory=str(folder)))
        self.stalls_at: str | None = None
        self.is_endless_at: str | None = None
        self.fails_at: str | None = None
        self.stalled = threading.Event()
        self.goes_on = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Files(http.server.SimpleHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        if self.server.stalls_at and self.server.stalls_at in self.path:
            self.server.stalled.set()
            self.server.goes_on.wait()
        if self.server.fails_at and self.server.fails_at in self.path:
            self.send_error(500)
        elif self.server.is_endless_at and self.server.is_endless_at in self.path:
            self._talk_without_end()
        else:
            super().do_GET()

    def _talk_without_end(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65_536))
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture
def repository(tmp_path: Path) -> PublishedRepository:
    repository = published(tmp_path)
    repository.add("2.0")
    return repository


@pytest.fixture
def server(repository: PublishedRepository) -> Iterator[WebServer]:
    with WebServer(repository.folder) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.goes_on.set()
        server.shutdown()
        serving.join()


@pytest.fixture
async def catalog(
    repository: PublishedRepository, server: WebServer, tmp_path: Path
) -> AsyncIterator[Catalog]:
    catalog = repository.catalog(tmp_path / "agent", repository=server.url)
    yield catalog
    server.goes_on.set()
    catalog.close()


async def fetched(catalog: Catalog) -> bytes:
    """The one image that the server has."""
    (image,) = await catalog.images()
    await catalog.fetch(image.name, digest=image.sha256, length=image.length)
    return await catalog.read(digest=image.sha256, length=image.length)


def images_kept(folder: Path) -> list[Path]:
    return list(folder.glob("agent/images/*"))


async def test_firmware_comes_from_a_web_server(catalog: Catalog) -> None:
    assert await fetched(catalog) == IMAGE


async def test_a_server_that_fails_is_told_as_unreachable(
    catalog: Catalog, server: WebServer
) -> None:
    server.fails_at = "timestamp"

    with pytest.raises(RepositoryUnreachable, match="500"):
        await catalog.images()


async def test_a_server_that_is_not_there_is_told_as_unreachable(
    repository: PublishedRepository, tmp_path: Path
) -> None:
    catalog = repository.catalog(tmp_path / "agent", repository="http://127.0.0.1:1")

    with pytest.raises(RepositoryUnreachable, match=r"127\.0\.0\.1:1"):
        await catalog.images()
    catalog.close()


async def test_a_server_that_lacks_an_image_is_told(
    catalog: Catalog, repository: PublishedRepository
) -> None:
    (image,) = await catalog.images()
    repository.file("targets/*/*.bin").unlink()

    with pytest.raises(ImageMissing):
        await catalog.fetch(image.name, digest=image.sha256, length=image.length)


@pytest.mark.parametrize("file", ["timestamp", "2.0.bin"])
async def test_a_server_that_never_ends_is_cut_off(
    file: str, catalog: Catalog, server: WebServer, tmp_path: Path
) -> None:
    server.is_endless_at = file

    with pytest.raises(DownloadTooLarge):
        await fetched(catalog)

    assert images_kept(tmp_path) == []


async def test_a_server_that_stalls_does_not_stall_the_agent(
    repository: PublishedRepository, server: WebServer, tmp_path: Path
) -> None:
    catalog = repository.catalog(
        tmp_path / "agent", repository=server.url, download_timeout_s=0.01
    )
    server.stalls_at = "timestamp"

    with pytest.raises(RepositoryUnreachable, match=r"longer than 0\.01 s"):
        await catalog.images()
    server.goes_on.set()
    catalog.close()


async def test_a_download_that_nobody_waits_for_stops(
    catalog: Catalog, server: WebServer, tmp_path: Path
) -> None:
    (image,) = await catalog.images()
    server.stalls_at = "2.0.bin"
    fetching = asyncio.create_task(
        catalog.fetch(image.name, digest=image.sha256, length=image.length)
    )
    await asyncio.to_thread(server.stalled.wait)
    fetching.cancel()
    await asyncio.wait([fetching])
    server.goes_on.set()
    # The same thread: when it answers, the stopped download has ended.
    await catalog.images()

    assert images_kept(tmp_path) == []
