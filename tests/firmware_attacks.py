"""What an attacker does to a published firmware repository, with and without keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware_repository import PublishedRepository, Snapshot, Timestamp
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile

Attack = Callable[[PublishedRepository, Path], None]
"""Changes the repository; the path leads to a copy of an older state."""


def trust_again(repository: PublishedRepository) -> None:
    """Sign snapshot and timestamp over whatever is published now."""

    def of_targets(snapshot: Snapshot) -> None:
        file = repository.file("metadata/*.targets.json")
        version = int(file.name.split(".")[0])
        data = file.read_bytes()
        snapshot.meta["targets.json"] = MetaFile.from_data(version, data, ["sha256"])
        snapshot.version += 1

    def of_snapshot(timestamp: Timestamp) -> None:
        file = repository.file("metadata/*.snapshot.json")
        version = int(file.name.split(".")[0])
        timestamp.snapshot_meta = MetaFile.from_data(
            version, file.read_bytes(), ["sha256"]
        )
        timestamp.version += 1

    repository.forge(Snapshot, of_targets)
    repository.forge(Timestamp, of_snapshot)


def show_the_old_state(repository: PublishedRepository, kept: Path) -> None:
    repository.restore(kept)


def name_an_older_snapshot(repository: PublishedRepository, kept: Path) -> None:
    """With a stolen timestamp key."""

    def roll_back(timestamp: Timestamp) -> None:
        timestamp.version += 1
        timestamp.snapshot_meta = MetaFile(timestamp.snapshot_meta.version - 1)

    repository.forge(Timestamp, roll_back)


def name_older_targets(repository: PublishedRepository, kept: Path) -> None:
    """With stolen snapshot and timestamp keys."""

    def roll_back(snapshot: Snapshot) -> None:
        snapshot.version += 1
        snapshot.meta["targets.json"] = MetaFile(1)

    def follow(timestamp: Timestamp) -> None:
        timestamp.version += 1
        timestamp.snapshot_meta = MetaFile(timestamp.snapshot_meta.version + 1)

    repository.forge(Snapshot, roll_back)
    repository.forge(Timestamp, follow)


def mix_an_old_snapshot_in(repository: PublishedRepository, kept: Path) -> None:
    old = max(kept.glob("metadata/*.snapshot.json"))
    repository.file("metadata/*.snapshot.json").write_bytes(old.read_bytes())


def mix_old_targets_in(repository: PublishedRepository, kept: Path) -> None:
    old = max(kept.glob("metadata/*.targets.json"))
    repository.file("metadata/*.targets.json").write_bytes(old.read_bytes())


def sign_with_another_key(repository: PublishedRepository, kept: Path) -> None:
    def bump(timestamp: Timestamp) -> None:
        timestamp.version += 1

    stranger = CryptoSigner.generate_ed25519()
    repository.forge(Timestamp, bump, signer=stranger)


def talk_without_end(repository: PublishedRepository, kept: Path) -> None:
    repository.file("metadata/timestamp.json").write_bytes(b" " * 1_000_000)


def talk_nonsense(repository: PublishedRepository, kept: Path) -> None:
    repository.file("metadata/timestamp.json").write_bytes(b"{}")


def lose_the_timestamp(repository: PublishedRepository, kept: Path) -> None:
    repository.file("metadata/timestamp.json").unlink()
