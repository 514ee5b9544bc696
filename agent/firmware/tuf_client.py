"""The TUF client: what the signed repository says, checked, and its images, checked.

Blocking, for the catalogue's own thread; loads the TUF library, so it is imported
only where a repository is asked. Every way to cheat has its own error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event

from tuf.api import exceptions as tuf_errors
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from agent.firmware.errors import (
    BundleUnreadable,
    CatalogError,
    DownloadTooLarge,
    ImageDamaged,
    ImageMissing,
    MetadataExpired,
    MetadataInvalid,
    MetadataMixed,
    MetadataRolledBack,
    MetadataUnsigned,
    RepositoryUnreachable,
)
from agent.firmware.fetchers import (
    BUNDLE_URL,
    BundleFetcher,
    StoppableFetcher,
    http_fetcher,
)
from agent.firmware.image import FirmwareImage, ImageUnreadable, read_image
from agent.log import get_logger

log = get_logger(__name__)

LIMITS = UpdaterConfig(
    max_root_rotations=64,
    max_delegations=0,
    root_max_length=65_536,
    timestamp_max_length=16_384,
    snapshot_max_length=65_536,
    targets_max_length=2_000_000,
)
"""The most that is read of each file of metadata, in bytes."""


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository is and what is known of it already."""

    source: str
    """`https://…`, or the path of a bundle."""
    root: bytes
    """The pinned root metadata."""
    folder: Path
    """For the metadata seen last: nothing older is believed."""

    @property
    def is_bundle(self) -> bool:
        """Whether it is a folder or an archive of this machine."""
        return not self.source.startswith(("http://", "https://"))


def read_catalogue(
    repository: Repository, *, now: datetime, stop: Event
) -> tuple[FirmwareImage, ...]:
    """All images that the repository offers now; raises CatalogError."""
    try:
        _refreshed(repository, now=now, stop=stop)
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError, OSError) as error:
        raise _of_metadata(error, repository) from error
    # What is in the cache has been verified just now.
    data = (repository.folder / "targets.json").read_bytes()
    targets = Metadata[Targets].from_bytes(data).signed.targets
    images: list[FirmwareImage] = []
    for name, target in sorted(targets.items()):
        try:
            images.append(
                read_image(
                    name,
                    length=target.length,
                    hashes=target.hashes,
                    custom=target.custom,
                )
            )
        except ImageUnreadable as error:
            log.warning("firmware.target_passed_over", name=name, reason=str(error))
    return tuple(images)


def fetch_image(
    repository: Repository, name: str, *, path: Path, now: datetime, stop: Event
) -> None:
    """Put the image into `path`, whole and as signed or not at all.

    Raises CatalogError.
    """
    try:
        updater = _refreshed(repository, now=now, stop=stop)
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError, OSError) as error:
        raise _of_metadata(error, repository) from error
    target = updater.get_targetinfo(name)
    if target is None:
        raise ImageMissing(f"The catalogue has no image {name} any more.")
    partial = path.with_name(f".{path.name}.partial")
    try:
        updater.download_target(target, str(partial))
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(path)
    except (tuf_errors.RepositoryError, tuf_errors.DownloadError, OSError) as error:
        raise _of_image(error, name) from error
    finally:
        partial.unlink(missing_ok=True)


def _refreshed(repository: Repository, *, now: datetime, stop: Event) -> Updater:
    repository.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    base, inner = _fetcher(repository)
    updater = Updater(
        metadata_dir=str(repository.folder),
        metadata_base_url=f"{base}metadata/",
        target_base_url=f"{base}targets/",
        fetcher=StoppableFetcher(inner, stop=stop),
        config=LIMITS,
        bootstrap=repository.root,
    )
    # The library would look at the machine's clock; the agent's is given.
    updater._trusted_set.reference_time = now
    updater.refresh()
    return updater


def _fetcher(repository: Repository) -> tuple[str, FetcherInterface]:
    if not repository.is_bundle:
        return repository.source.rstrip("/") + "/", http_fetcher()
    path = Path(repository.source)
    if not path.exists():
        raise BundleUnreadable(f"{path} is not there.")
    return BUNDLE_URL, BundleFetcher(path)


def _of_metadata(error: Exception, repository: Repository) -> CatalogError:
    """What went wrong while the metadata were refreshed."""
    source, what = repository.source, str(error)
    match error:
        case tuf_errors.ExpiredMetadataError():
            return MetadataExpired(f"{source}: {what}")
        case tuf_errors.BadVersionNumberError() if _is_older(what):
            return MetadataRolledBack(f"{source}: {what}")
        case (
            tuf_errors.BadVersionNumberError() | tuf_errors.LengthOrHashMismatchError()
        ):
            return MetadataMixed(f"{source}: {what}")
        case tuf_errors.UnsignedMetadataError():
            return MetadataUnsigned(f"{source}: {what}")
        case tuf_errors.DownloadLengthMismatchError():
            return DownloadTooLarge(f"{source}: {what}")
        case tuf_errors.DownloadError() | OSError():
            unusable = (
                BundleUnreadable if repository.is_bundle else RepositoryUnreachable
            )
            return unusable(f"{source}: {what}")
        case _:
            return MetadataInvalid(f"{source}: {what}")


def _is_older(what: str) -> bool:
    """Older than what this machine has seen, by the library's wording.

    Otherwise the versions of one state of the repository contradict each other.
    """
    return "must be >=" in what or what.startswith(
        ("Expected targets.json version", "Expected root version")
    )


def _of_image(error: Exception, name: str) -> CatalogError:
    match error:
        case tuf_errors.LengthOrHashMismatchError():
            return ImageDamaged(f"{name} is not the image that was signed.")
        case tuf_errors.DownloadLengthMismatchError():
            return DownloadTooLarge(f"{name} is longer than what was signed.")
        case tuf_errors.DownloadHTTPError(status_code=404):
            return ImageMissing(f"The repository lacks the file of {name}.")
        case _:
            return RepositoryUnreachable(f"{name} could not be fetched: {error}")
