"""The files of a firmware repository: which there are, and how they are written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Targets, Timestamp

from agent.firmware.errors import RepositoryInvalid

METADATA = "metadata"
TARGETS = "targets"

SignedT = TypeVar("SignedT", Root, Targets, Snapshot, Timestamp)


def catalogue(folder: Path) -> dict[str, TargetFile]:
    """The images of a repository, by name; raises RepositoryInvalid."""
    return dict(open_newest(folder, Targets).signed.targets)


def expiries(folder: Path) -> dict[str, datetime]:
    """When the metadata of each role expire; raises RepositoryInvalid."""
    return {
        Root.type: open_newest(folder, Root).signed.expires,
        Targets.type: open_newest(folder, Targets).signed.expires,
        Snapshot.type: open_newest(folder, Snapshot).signed.expires,
        Timestamp.type: open_newest(folder, Timestamp).signed.expires,
    }


def published_files(folder: Path, *, models: Iterable[str] = ()) -> list[Path]:
    """What a bundle needs, relative to `folder`: current metadata, and their images.

    `models` limits the images; empty for all. Raises RepositoryInvalid.
    """
    wanted = set(models)
    metadata = folder / METADATA
    files = sorted(metadata.glob("*.root.json"))
    files += [newest_file(folder, role.type) for role in (Targets, Snapshot)]
    files.append(metadata / "timestamp.json")
    for target in catalogue(folder).values():
        model, _, name = target.path.partition("/")
        if not wanted or model in wanted:
            digest = target.hashes["sha256"]
            files.append(folder / TARGETS / model / f"{digest}.{name}")
    return [file.relative_to(folder) for file in files]


def open_newest(folder: Path, role: type[SignedT]) -> Metadata[SignedT]:
    """The newest metadata of a role; raises RepositoryInvalid."""
    return read_metadata(newest_file(folder, role.type), role)


def read_metadata(path: Path, role: type[SignedT]) -> Metadata[SignedT]:
    """The metadata in a file; raises RepositoryInvalid. Signatures are not checked."""
    try:
        metadata = Metadata[SignedT].from_bytes(path.read_bytes())
    except (OSError, RepositoryError) as error:
        raise RepositoryInvalid(f"{path}: {error}") from error
    if metadata.signed.type != role.type:
        raise RepositoryInvalid(f"{path}: holds {metadata.signed.type} metadata")
    return metadata


def newest_file(folder: Path, role: str) -> Path:
    """The file of the newest version; raises RepositoryInvalid."""
    metadata = folder / METADATA
    if role == Timestamp.type:
        return metadata / "timestamp.json"
    numbered = [
        path for path in metadata.glob(f"*.{role}.json") if path.name[0].isdecimal()
    ]
    if not numbered:
        raise RepositoryInvalid(f"{folder} holds no repository.")
    return max(numbered, key=version_of)


def version_of(path: Path) -> int:
    """`3.targets.json` → 3."""
    return int(path.name.partition(".")[0])


def has_metadata(folder: Path, role: str) -> bool:
    """Whether there are metadata of that role."""
    metadata = folder / METADATA
    return any(metadata.glob(f"*.{role}.json")) or (metadata / f"{role}.json").exists()


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(path)
