"""Where a repository's bytes come from: the network, a folder, an archive.

Blocking, for the catalogue's own thread. What arrives is trusted by nobody: the TUF
client above checks and bounds it.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.urllib3_fetcher import Urllib3Fetcher

CHUNK_BYTES = 65_536
SILENCE_S = 10
"""The longest wait for the next bytes of a server."""
BUNDLE_URL = "bundle:///"


class StoppableFetcher(FetcherInterface):
    """Another fetcher, until `stop` is set: the one way to end a thread's download."""

    def __init__(self, inner: FetcherInterface, *, stop: Event) -> None:
        self._inner = inner
        self._stop = stop

    def _fetch(self, url: str) -> Iterator[bytes]:
        self._check()
        return self._chunks(self._inner.fetch(url))

    def _chunks(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._check()
            yield chunk

    def _check(self) -> None:
        if self._stop.is_set():
            raise DownloadError("nobody waits for it any more")


class BundleFetcher(FetcherInterface):
    """Files of a folder or of a plain .tar, such as on a USB stick."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def _fetch(self, url: str) -> Iterator[bytes]:
        parts = unquote(urlsplit(url).path).strip("/").split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise DownloadError(f"not a path of a bundle: {url}")
        found = self._find(parts)
        if found is None:
            # How a web server says that there is none; the TUF client expects it.
            raise DownloadHTTPError(f"no such file in the bundle: {url}", 404)
        return _chunks_of(found)

    def _find(self, parts: list[str]) -> _Extent | None:
        if not self._path.is_dir():
            return _member(self._path, "/".join(parts))
        file = self._path.joinpath(*parts)
        return _Extent(file, 0, file.stat().st_size) if file.is_file() else None


@dataclass(frozen=True, slots=True)
class _Extent:
    """Some bytes of a file."""

    file: Path
    offset: int
    size: int


def http_fetcher() -> FetcherInterface:
    """Files of a web server, with the machine's own certificates and proxies."""
    return Urllib3Fetcher(
        socket_timeout=SILENCE_S, chunk_size=CHUNK_BYTES, app_user_agent="cardlane"
    )


def _chunks_of(extent: _Extent) -> Iterator[bytes]:
    """The file is not held open: whoever reads on may never come back."""
    for done in range(0, extent.size, CHUNK_BYTES):
        with extent.file.open("rb") as stream:
            stream.seek(extent.offset + done)
            chunk = stream.read(min(CHUNK_BYTES, extent.size - done))
        yield chunk


def _member(archive: Path, name: str) -> _Extent | None:
    """A file of a plain .tar: nothing is unpacked, so nothing can be written over."""
    with tarfile.open(archive, mode="r:") as tar:
        for member in tar:
            if member.name.removeprefix("./") == name and member.isreg():
                return _Extent(archive, member.offset_data, member.size)
    return None
