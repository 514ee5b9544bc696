"""An operator's firmware repository in a folder, and an attacker's hands on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from agent_clock import StillClock
from firmware_images import terms
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from agent.clock import Clock
from agent.firmware.catalog import Catalog
from agent.firmware.image import read_terms
from agent.firmware.publishing import add_image, create
from agent.firmware.repository_files import (
    METADATA,
    SignedT,
    open_newest,
    read_metadata,
    write_whole,
)
from agent.settings import FirmwareSettings

IMAGE = bytes(range(256)) * 64
"""16 KiB that stand for an image."""


@dataclass
class PublishedRepository:
    """A repository with all its keys at hand."""

    folder: Path
    clock: Clock
    root: Path = field(init=False)
    root_signers: list[CryptoSigner] = field(init=False)
    signers: dict[str, CryptoSigner] = field(init=False)

    def __post_init__(self) -> None:
        self.root_signers = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.signers = {
            role: CryptoSigner.generate_ed25519()
            for role in (Targets.type, Snapshot.type, Timestamp.type)
        }
        root = create(
            self.folder,
            root_signers=self.root_signers,
            signers=self.signers,
            threshold=2,
            now=self.now,
        )
        self.root = self.folder.with_name("root.json")
        self.root.write_bytes(root.read_bytes())

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def add(self, version: str, content: bytes = IMAGE, **changes: object) -> str:
        """Publish an image; the target's name."""
        file = self.folder.parent / f"{version}.bin"
        file.write_bytes(content)
        return add_image(
            self.folder,
            file,
            terms=read_terms(terms(version, **changes)),
            signers=list(self.signers.values()),
            now=self.now,
        )

    def file(self, pattern: str) -> Path:
        """The newest published file that matches."""
        return max(self.folder.glob(pattern), key=lambda path: path.stat().st_mtime_ns)

    def copy(self) -> Path:
        """The repository as it is now, kept by an attacker."""
        kept = self.folder.with_name("kept")
        shutil.copytree(self.folder, kept)
        return kept

    def restore(self, kept: Path) -> None:
        """The repository as it was then."""
        shutil.rmtree(self.folder)
        shutil.copytree(kept, self.folder)

    def forge(
        self,
        role: type[SignedT],
        change: Callable[[SignedT], None],
        *,
        signer: CryptoSigner | None = None,
    ) -> None:
        """Change the newest metadata of a role in place, signed by whoever has a key."""
        metadata = open_newest(self.folder, role)
        change(metadata.signed)
        metadata.signatures.clear()
        metadata.sign(signer or self.signers[role.type])
        name = "timestamp.json"
        if role.type != Timestamp.type:
            name = f"{metadata.signed.version}.{role.type}.json"
        write_whole(self.folder / METADATA / name, metadata.to_bytes())

    def read(self, name: str, role: type[SignedT]) -> Metadata[SignedT]:
        """One file of metadata."""
        return read_metadata(self.folder / METADATA / name, role)

    def catalog(
        self, folder: Path, *, clock: Clock | None = None, **changes: object
    ) -> Catalog:
        """An agent's catalogue that trusts this repository."""
        settings = {
            "repository": str(self.folder),
            "root_file": self.root,
            **changes,
        }
        return Catalog(
            FirmwareSettings.model_validate(settings),
            folder=folder,
            clock=clock or self.clock,
        )


def published(folder: Path, clock: Clock | None = None) -> PublishedRepository:
    """An empty repository."""
    return PublishedRepository(folder / "repository", clock or StillClock())


__all__ = [
    "IMAGE",
    "PublishedRepository",
    "Root",
    "Snapshot",
    "Targets",
    "Timestamp",
    "published",
    "timedelta",
]
