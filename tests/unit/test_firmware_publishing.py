"""The operator's repository: keys that stay secret, roots that need two, images once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from agent_clock import StillClock
from firmware_images import terms
from firmware_repository import IMAGE, PublishedRepository, published
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp

from agent.firmware.errors import (
    RepositoryInvalid,
    SigningKeyMissing,
    SigningKeyUnreadable,
)
from agent.firmware.image import read_terms
from agent.firmware.publishing import (
    LIFE,
    add_image,
    create,
    remove_image,
    renew,
    sign_root,
)
from agent.firmware.repository_files import (
    catalogue,
    expiries,
    open_newest,
    published_files,
)
from agent.firmware.signing_keys import make_signers, read_signers

WEEK = timedelta(days=7)


@pytest.fixture
def repository(tmp_path: Path) -> PublishedRepository:
    return published(tmp_path)


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_keys_come_back_from_closed_files(
    passphrase: bytes | None, tmp_path: Path
) -> None:
    made = make_signers(tmp_path / "keys", ["a", "b"], passphrase=passphrase)

    read = read_signers(tmp_path / "keys", passphrase=passphrase)

    assert [key.public_key for key in read] == [
        made["a"].public_key,
        made["b"].public_key,
    ]
    files = list((tmp_path / "keys").iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_a_key_under_a_passphrase_is_encrypted(tmp_path: Path) -> None:
    make_signers(tmp_path, ["root"], passphrase=b"correct horse")

    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "root.key").read_bytes()
    for wrong in (None, b"incorrect"):
        with pytest.raises(SigningKeyUnreadable, match="passphrase"):
            read_signers(tmp_path, passphrase=wrong)


def test_a_key_without_one_is_read_whatever_the_passphrase(tmp_path: Path) -> None:
    make_signers(tmp_path, ["targets"], passphrase=None)

    assert len(read_signers(tmp_path, passphrase=b"correct horse")) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    make_signers(tmp_path, ["root"], passphrase=None)
    (tmp_path / "root.key").chmod(0o644)

    with pytest.raises(SigningKeyUnreadable, match="open to other users"):
        read_signers(tmp_path, passphrase=None)


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    make_signers(tmp_path, ["root"], passphrase=None)
    before = (tmp_path / "root.key").read_bytes()

    with pytest.raises(SigningKeyUnreadable, match="exists"):
        make_signers(tmp_path, ["root"], passphrase=None)

    assert (tmp_path / "root.key").read_bytes() == before


@pytest.mark.parametrize("content", [b"shopping list", b""])
def test_a_file_that_is_no_key_is_refused(content: bytes, tmp_path: Path) -> None:
    file = os.open(tmp_path / "x.key", os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(file, content)
    os.close(file)

    with pytest.raises(SigningKeyUnreadable, match="no key"):
        read_signers(tmp_path, passphrase=None)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = CryptoSigner.generate_ecdsa()
    (tmp_path / "x.key").touch(mode=0o600)
    (tmp_path / "x.key").write_bytes(other.private_bytes)

    with pytest.raises(SigningKeyUnreadable, match="not an ed25519 key"):
        read_signers(tmp_path, passphrase=None)


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.key").mkdir()

    with pytest.raises(SigningKeyUnreadable, match="directory"):
        read_signers(tmp_path, passphrase=None)


@pytest.mark.parametrize("threshold", [1, 4])
def test_a_root_needs_two_signatures_and_no_more_than_there_are(
    threshold: int, tmp_path: Path
) -> None:
    signers = [CryptoSigner.generate_ed25519() for _ in range(3)]

    with pytest.raises(RepositoryInvalid, match="two root keys"):
        create(
            tmp_path / "new",
            root_signers=signers,
            signers={},
            threshold=threshold,
            now=StillClock().now(),
        )


def test_a_repository_is_not_made_twice(repository: PublishedRepository) -> None:
    with pytest.raises(RepositoryInvalid, match="already"):
        create(
            repository.folder,
            root_signers=repository.root_signers,
            signers=repository.signers,
            threshold=2,
            now=repository.now,
        )


def test_what_is_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(RepositoryInvalid, match="holds no repository"):
        catalogue(tmp_path)


def test_metadata_that_are_damaged_are_told(repository: PublishedRepository) -> None:
    repository.file("metadata/*.targets.json").write_text("{")

    with pytest.raises(RepositoryInvalid, match=r"1\.targets\.json"):
        catalogue(repository.folder)


def test_metadata_of_another_role_are_told(repository: PublishedRepository) -> None:
    snapshot = repository.file("metadata/*.snapshot.json")
    repository.file("metadata/*.targets.json").write_bytes(snapshot.read_bytes())

    with pytest.raises(RepositoryInvalid, match="holds snapshot metadata"):
        catalogue(repository.folder)


def test_an_image_is_published_once(repository: PublishedRepository) -> None:
    repository.add("2.0")

    with pytest.raises(RepositoryInvalid, match="already"):
        repository.add("2.0")


def test_a_sequence_belongs_to_one_version(repository: PublishedRepository) -> None:
    repository.add("2.0", sequence=5)

    with pytest.raises(RepositoryInvalid, match=r"Sequence 5 is that of 2\.0"):
        repository.add("2.1", sequence=5)


def test_an_image_that_the_vendor_did_not_publish_is_refused(
    repository: PublishedRepository,
) -> None:
    with pytest.raises(RepositoryInvalid, match="not the vendor's"):
        repository.add("2.0", vendor_digest="00" * 32)


def test_an_image_that_was_never_there_cannot_be_removed(
    repository: PublishedRepository,
) -> None:
    with pytest.raises(RepositoryInvalid, match="no image"):
        remove_image(
            repository.folder,
            "magtek_dynaprox/2.0.bin",
            signers=list(repository.signers.values()),
            now=repository.now,
        )


@pytest.mark.parametrize("role", [Targets.type, Snapshot.type, Timestamp.type])
def test_nothing_is_published_without_every_key_it_needs(
    role: str, repository: PublishedRepository, tmp_path: Path
) -> None:
    (tmp_path / "2.0.bin").write_bytes(IMAGE)
    others = [key for name, key in repository.signers.items() if name != role]
    before = sorted(repository.folder.glob("metadata/*"))

    with pytest.raises(SigningKeyMissing, match=role):
        add_image(
            repository.folder,
            tmp_path / "2.0.bin",
            terms=read_terms(terms("2.0")),
            signers=others,
            now=repository.now,
        )

    assert sorted(repository.folder.glob("metadata/*")) == before


@pytest.mark.parametrize("role", [Targets.type, Snapshot.type, Timestamp.type])
def test_renewing_a_role_makes_it_live_longer(
    role: str, repository: PublishedRepository
) -> None:
    clock = StillClock(repository.now + WEEK)
    before = expiries(repository.folder)

    expires = renew(
        repository.folder,
        role,
        signers=list(repository.signers.values()),
        now=clock.now(),
    )

    after = expiries(repository.folder)
    assert after[role] == expires == before[role] + WEEK
    assert after["timestamp"] == before["timestamp"] + WEEK
    assert after["root"] == before["root"]


def test_a_role_may_live_as_long_as_a_stick_is_to(
    repository: PublishedRepository,
) -> None:
    expires = renew(
        repository.folder,
        Timestamp.type,
        signers=[repository.signers[Timestamp.type]],
        now=repository.now,
        life=timedelta(days=90),
    )

    assert expires - repository.now > timedelta(days=89)


def test_a_new_root_is_published_with_the_second_signature(
    repository: PublishedRepository,
) -> None:
    first, second, _ = repository.root_signers

    staged, missing = sign_root(repository.folder, signers=[first], now=repository.now)
    still_staged, still_missing = sign_root(
        repository.folder, signers=[first], now=repository.now
    )
    path, none_missing = sign_root(
        repository.folder, signers=[second], now=repository.now
    )

    assert (missing, still_missing, none_missing) == (1, 1, 0)
    assert staged == still_staged
    assert not staged.exists()
    assert path.name == "2.root.json"
    assert open_newest(repository.folder, Root).signed.version == 2
    assert expiries(repository.folder)["root"] > repository.now + LIFE["root"] - WEEK


def test_a_root_that_nobody_finished_gives_way_to_a_newer_one(
    repository: PublishedRepository,
) -> None:
    staged, _ = sign_root(
        repository.folder, signers=repository.root_signers[:1], now=repository.now
    )
    left = staged.read_bytes()
    sign_root(repository.folder, signers=repository.root_signers, now=repository.now)
    staged.write_bytes(left)

    path, missing = sign_root(
        repository.folder, signers=repository.root_signers, now=repository.now
    )

    assert (path.name, missing) == ("3.root.json", 0)


def test_strangers_sign_no_root(repository: PublishedRepository) -> None:
    with pytest.raises(SigningKeyMissing, match="root"):
        sign_root(
            repository.folder,
            signers=[CryptoSigner.generate_ed25519()],
            now=repository.now,
        )


def test_a_bundle_takes_what_is_current_and_no_more(
    repository: PublishedRepository,
) -> None:
    repository.add("1.0", content=b"one")
    repository.add("2.0", content=b"two", device_model="magtek_other")

    everything = published_files(repository.folder)
    one_model = published_files(repository.folder, models=["magtek_other"])

    names = [path.name for path in everything if path.parent.name == "metadata"]
    assert names == [
        "1.root.json",
        "3.targets.json",
        "3.snapshot.json",
        "timestamp.json",
    ]
    images = [path for path in everything if path.parts[0] == "targets"]
    assert len(images) == 2
    assert all((repository.folder / path).is_file() for path in everything)
    assert {path.parts[1] for path in one_model if path.parts[0] == "targets"} == {
        "magtek_other"
    }
