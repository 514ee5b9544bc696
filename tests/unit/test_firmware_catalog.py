"""The signed catalogue of firmware: what is believed, and every way to be lied to."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from agent_clock import StillClock
from firmware_attacks import (
    Attack,
    lose_the_timestamp,
    mix_an_old_snapshot_in,
    mix_old_targets_in,
    name_an_older_snapshot,
    name_older_targets,
    show_the_old_state,
    sign_with_another_key,
    talk_nonsense,
    talk_without_end,
    trust_again,
)
from firmware_repository import (
    IMAGE,
    PublishedRepository,
    Targets,
    Timestamp,
    published,
)
from securesystemslib.signer import CryptoSigner

from agent.firmware.catalog import Catalog
from agent.firmware.errors import (
    BundleUnreadable,
    CatalogError,
    DiskTooFull,
    DownloadTooLarge,
    FirmwareNotConfigured,
    ImageDamaged,
    ImageMissing,
    MetadataExpired,
    MetadataInvalid,
    MetadataMixed,
    MetadataRolledBack,
    MetadataUnsigned,
)
from agent.firmware.image import FirmwareImage
from agent.firmware.publishing import remove_image, sign_root


@pytest.fixture
def repository(tmp_path: Path) -> PublishedRepository:
    """Version 1.0 was seen by the agent, then 2.0 was published."""
    return published(tmp_path)


@pytest.fixture
def catalog(repository: PublishedRepository, tmp_path: Path) -> Iterator[Catalog]:
    catalog = repository.catalog(tmp_path / "agent")
    yield catalog
    catalog.close()


async def fetched(catalog: Catalog, image: FirmwareImage) -> bytes:
    await catalog.fetch(image.name, digest=image.sha256, length=image.length)
    return await catalog.read(digest=image.sha256, length=image.length)


async def test_what_the_operator_has_signed_is_offered(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("1.0", hardware_min="3")
    repository.add("2.0", content=IMAGE + b"!", from_versions=["1.0"])

    first, second = await catalog.images()

    assert first.name == "magtek_dynaprox/1.0.bin"
    assert (first.terms.firmware_version, first.terms.hardware_min) == ("1.0", "3")
    assert second.terms.from_versions == ("1.0",)
    assert second.length == len(IMAGE) + 1


async def test_an_image_is_fetched_as_it_was_signed_and_kept(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("2.0")
    (image,) = await catalog.images()

    content = await fetched(catalog, image)
    repository.file("targets/*/*.bin").unlink()
    again = await fetched(catalog, image)

    assert content == again == IMAGE


async def test_an_image_that_is_not_needed_any_more_is_forgotten(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("2.0")
    (image,) = await catalog.images()
    await fetched(catalog, image)

    catalog.forget(image.sha256)

    with pytest.raises(ImageDamaged):
        await catalog.read(digest=image.sha256, length=image.length)


async def test_a_target_that_is_no_image_is_passed_over(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("2.0")

    def spoil(targets: Targets) -> None:
        (target,) = targets.targets.values()
        target.unrecognized_fields["custom"] = {"device_model": 1}

    repository.forge(Targets, spoil)
    trust_again(repository)

    assert await catalog.images() == ()


@pytest.mark.parametrize(
    ("attack", "error"),
    [
        (show_the_old_state, MetadataRolledBack),
        (name_an_older_snapshot, MetadataRolledBack),
        (name_older_targets, MetadataRolledBack),
        (mix_an_old_snapshot_in, MetadataMixed),
        (mix_old_targets_in, MetadataMixed),
        (sign_with_another_key, MetadataUnsigned),
        (talk_without_end, DownloadTooLarge),
        (talk_nonsense, MetadataInvalid),
        (lose_the_timestamp, BundleUnreadable),
    ],
)
async def test_a_lying_repository_is_not_believed(
    attack: Attack,
    error: type[CatalogError],
    repository: PublishedRepository,
    catalog: Catalog,
) -> None:
    repository.add("1.0")
    kept = repository.copy()
    repository.add("2.0")
    if error is MetadataRolledBack:
        await catalog.images()
    attack(repository, kept)

    with pytest.raises(error) as refused:
        await catalog.images()

    assert str(repository.folder) in refused.value.message


async def test_an_old_truth_is_believed_until_it_expires(tmp_path: Path) -> None:
    clock = StillClock()
    repository = published(tmp_path, clock)
    repository.add("2.0")
    catalog = repository.catalog(tmp_path / "agent")

    clock.advance(timedelta(days=29).total_seconds())
    (image,) = await catalog.images()
    clock.advance(timedelta(days=2).total_seconds())

    with pytest.raises(MetadataExpired):
        await catalog.images()
    with pytest.raises(MetadataExpired):
        await fetched(catalog, image)
    assert image.terms.firmware_version == "2.0"
    catalog.close()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (IMAGE[:-1], ImageDamaged),
        (IMAGE[:-1] + b"!", ImageDamaged),
        (IMAGE + b"!", DownloadTooLarge),
        (None, ImageMissing),
    ],
    ids=["short", "changed", "long", "missing"],
)
async def test_an_image_that_is_not_the_signed_one_is_not_kept(
    content: bytes | None,
    error: type[CatalogError],
    repository: PublishedRepository,
    catalog: Catalog,
    tmp_path: Path,
) -> None:
    repository.add("2.0")
    (image,) = await catalog.images()
    file = repository.file("targets/*/*.bin")
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(error):
        await fetched(catalog, image)

    assert list((tmp_path / "agent" / "images").iterdir()) == []


async def test_an_image_that_was_withdrawn_meanwhile_is_not_fetched(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    name = repository.add("2.0")
    (image,) = await catalog.images()
    signers = list(repository.signers.values())
    remove_image(repository.folder, name, signers=signers, now=repository.now)

    with pytest.raises(ImageMissing, match="any more"):
        await fetched(catalog, image)


async def test_an_image_damaged_on_the_disk_is_fetched_again(
    repository: PublishedRepository, catalog: Catalog, tmp_path: Path
) -> None:
    repository.add("2.0")
    (image,) = await catalog.images()
    await fetched(catalog, image)
    kept = tmp_path / "agent" / "images" / image.sha256
    kept.write_bytes(bytes(image.length))

    with pytest.raises(ImageDamaged):
        await catalog.read(digest=image.sha256, length=image.length)
    assert await fetched(catalog, image) == IMAGE


async def test_an_image_too_large_for_the_settings_is_not_fetched(
    repository: PublishedRepository, tmp_path: Path
) -> None:
    repository.add("2.0")
    catalog = repository.catalog(tmp_path / "agent", max_image_bytes=100)
    (image,) = await catalog.images()

    with pytest.raises(DownloadTooLarge, match="the limit is 100"):
        await fetched(catalog, image)
    catalog.close()


async def test_no_image_takes_the_last_room_of_the_disk(
    repository: PublishedRepository, tmp_path: Path
) -> None:
    most = 2**60
    catalog = repository.catalog(tmp_path / "agent", max_image_bytes=most)

    with pytest.raises(DiskTooFull):
        await catalog.fetch("huge", digest="00" * 32, length=most)
    catalog.close()


async def test_new_roots_are_followed(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("1.0")
    await catalog.images()
    successor = CryptoSigner.generate_ed25519()
    sign_root(
        repository.folder,
        signers=repository.root_signers,
        now=repository.now,
        new_keys={Timestamp.type: successor.public_key},
    )
    repository.signers[Timestamp.type] = successor
    repository.add("2.0")

    images = await catalog.images()

    assert [image.terms.firmware_version for image in images] == ["1.0", "2.0"]


async def test_a_root_that_one_holder_signed_alone_is_no_root(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("1.0")
    staged, missing = sign_root(
        repository.folder, signers=repository.root_signers[:1], now=repository.now
    )
    staged.rename(staged.with_name("2.root.json"))

    with pytest.raises(MetadataUnsigned):
        await catalog.images()
    assert missing == 1


async def test_a_bundle_serves_in_place_of_the_repository(
    repository: PublishedRepository, tmp_path: Path
) -> None:
    repository.add("2.0")
    archive = tmp_path / "stick.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(repository.folder, arcname=".")
    catalog = repository.catalog(tmp_path / "agent", repository=None)

    (image,) = await catalog.images(str(archive))
    await catalog.fetch(
        image.name, digest=image.sha256, length=image.length, bundle=str(archive)
    )

    content = await catalog.read(digest=image.sha256, length=image.length)
    assert sha256(content).hexdigest() == image.sha256
    catalog.close()


async def test_an_old_bundle_is_a_rollback(
    repository: PublishedRepository, catalog: Catalog
) -> None:
    repository.add("1.0")
    stick = repository.copy()
    repository.add("2.0")
    await catalog.images()

    with pytest.raises(MetadataRolledBack):
        await catalog.images(str(stick))


@pytest.mark.parametrize("bundle", ["stick", "/no/such/stick"])
async def test_a_bundle_that_is_not_there_is_named(
    bundle: str, catalog: Catalog
) -> None:
    with pytest.raises(BundleUnreadable, match=bundle):
        await catalog.images(bundle)


async def test_a_file_that_is_no_archive_is_no_bundle(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "list.tar").write_text("bread, milk")

    with pytest.raises(BundleUnreadable):
        await catalog.images(str(tmp_path / "list.tar"))


async def test_nobody_leaves_a_bundle_by_its_paths(
    repository: PublishedRepository, catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(IMAGE)
    name = repository.add("2.0")

    def escape(targets: Targets) -> None:
        target = targets.targets.pop(name)
        target.path = "../../secret"
        targets.targets[target.path] = target

    repository.forge(Targets, escape)
    trust_again(repository)
    (image,) = await catalog.images()

    with pytest.raises(CatalogError):
        await fetched(catalog, image)


@pytest.mark.parametrize("missing", ["repository", "root_file"])
async def test_what_is_not_configured_is_named(
    missing: str, repository: PublishedRepository, tmp_path: Path
) -> None:
    catalog = repository.catalog(tmp_path / "agent", **{missing: None})

    with pytest.raises(FirmwareNotConfigured, match=f"firmware.{missing}"):
        await catalog.images()


async def test_a_root_that_cannot_be_read_is_named(
    repository: PublishedRepository, tmp_path: Path
) -> None:
    catalog = repository.catalog(tmp_path / "agent", root_file=tmp_path / "none.json")

    with pytest.raises(FirmwareNotConfigured, match=r"none\.json"):
        await catalog.images()
    catalog.close()
