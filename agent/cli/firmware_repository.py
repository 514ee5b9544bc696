"""`cardlane firmware repository`: the operator's signed repository; needs no agent."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.failures import CommandFailed, usage_error
from agent.cli.options import Json

if TYPE_CHECKING:
    from datetime import datetime

    from securesystemslib.signer import CryptoSigner

ROLES = ("targets", "snapshot", "timestamp")

Repository = Annotated[Path, typer.Argument(help="The repository's folder.")]
Keys = Annotated[Path, typer.Option(help="The folder with the signing keys.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(help="File whose first line encrypts the keys; mode 0600."),
]

Version = Annotated[str, typer.Option(help="As the reader will tell it.")]
Sequence = Annotated[
    int | None,
    typer.Option(help="Grows with every release; else the next of the model."),
]
FromVersion = Annotated[
    list[str] | None, typer.Option(help="Only after this one; again for more.")
]
VendorDigest = Annotated[
    str | None, typer.Option(help="SHA-256 as the vendor has published it.")
]
Downgrade = Annotated[
    bool, typer.Option("--downgrade", help="May replace a newer version.")
]


def repository_commands() -> typer.Typer:
    """The group of commands."""
    group = typer.Typer(
        help="Make and sign a repository of firmware.", no_args_is_help=True
    )
    group.command()(init)
    group.command()(add)
    group.command()(remove)
    group.command()(sign)
    group.command()(bundle)
    return group


def init(
    repository: Repository,
    keys: Keys,
    root_keys: Annotated[int, typer.Option(help="How many root keys to make.")] = 3,
    threshold: Annotated[int, typer.Option(help="How many of them must sign.")] = 2,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make an empty repository, and its keys.

    Move the root keys to where only their holders are; agents pin the root it prints.
    """
    from agent.firmware.publishing import check_new, create
    from agent.firmware.signing_keys import make_signers

    check_new(repository, root_keys=root_keys, threshold=threshold)
    passphrase = _passphrase(passphrase_file)
    names = [f"root-{number}" for number in range(1, root_keys + 1)]
    made = make_signers(keys, [*names, *ROLES], passphrase=passphrase)
    root = create(
        repository,
        root_signers=[made[name] for name in names],
        signers={role: made[role] for role in ROLES},
        threshold=threshold,
        now=_now(),
    )
    typer.echo(f"Pin this as firmware.root_file: {root}")
    typer.echo(f"Keys are in {keys}; take root-*.key away from this machine.")


def add(
    repository: Repository,
    image: Annotated[Path, typer.Argument(help="The vendor's image.")],
    keys: Keys,
    model: Annotated[str, typer.Option(help="The profile's name.")],
    firmware_version: Version,
    image_type: Annotated[int, typer.Option(help="The vendor's number.")],
    sequence: Sequence = None,
    hardware_min: Annotated[str | None, typer.Option()] = None,
    from_version: FromVersion = None,
    vendor_digest: VendorDigest = None,
    min_battery_percent: Annotated[int, typer.Option()] = 30,
    requires_reboot: Annotated[bool, typer.Option()] = True,
    downgrade: Downgrade = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Put an image into the repository, and sign it."""
    from agent.firmware.image import ImageUnreadable, read_terms
    from agent.firmware.publishing import add_image, next_sequence

    said = {
        "device_model": model,
        "firmware_version": firmware_version,
        "sequence": sequence or next_sequence(repository, model),
        "image_type": image_type,
        "hardware_min": hardware_min,
        "from_versions": from_version or [],
        "vendor_digest": vendor_digest and vendor_digest.lower(),
        "min_battery_percent": min_battery_percent,
        "requires_reboot": requires_reboot,
        "is_downgrade": downgrade,
    }
    try:
        terms = read_terms(said)
    except ImageUnreadable as error:
        raise usage_error(str(error), remedy="See docs/firmware.md.") from None
    if not image.is_file():
        raise usage_error(f"{image}: there is no such file", remedy="Name the image.")
    signers = _signers(keys, passphrase_file)
    name = add_image(repository, image, terms=terms, signers=signers, now=_now())
    _tell_added(name, model)


def _tell_added(name: str, model: str) -> None:
    from drivers.profile import profiles

    typer.echo(name)
    if model not in profiles():  # a slip of the pen, or a model of a newer version
        typer.echo(f"This version of Cardlane knows no model {model}.", err=True)


def remove(
    repository: Repository,
    name: Annotated[str, typer.Argument(help="As add printed it.")],
    keys: Keys,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take an image out of the catalogue."""
    from agent.firmware.publishing import remove_image

    signers = _signers(keys, passphrase_file)
    remove_image(repository, name, signers=signers, now=_now())


def sign(
    repository: Repository,
    keys: Keys,
    role: Annotated[
        str, typer.Option(help="timestamp, snapshot, targets or root.")
    ] = "timestamp",
    days: Annotated[
        int | None, typer.Option(min=1, help="How long it is believed; not for root.")
    ] = None,
    replace: Annotated[
        list[str] | None,
        typer.Option(help="With root: make a new key for this role; again for more."),
    ] = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign again what would expire; for a root, with each holder's keys in turn."""
    from agent.firmware.publishing import renew

    if role not in {*ROLES, "root"}:
        raise usage_error(f"{role} is no role", remedy="See --help.")
    if role == "root":
        _sign_root(repository, keys, passphrase_file, replaced=replace or [])
        return
    expires = renew(
        repository,
        role,
        signers=_signers(keys, passphrase_file),
        now=_now(),
        life=None if days is None else timedelta(days=days),
    )
    typer.echo(f"{role} is believed until {expires:%Y-%m-%d %H:%M} UTC")


def bundle(
    repository: Repository,
    output: Annotated[Path, typer.Argument(help="A new folder, or a .tar file.")],
    model: Annotated[
        list[str] | None,
        typer.Option(help="Only images of this model; again for more."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Copy what agents need onto a stick: as it is signed now, for as long as that."""
    from agent.firmware.repository_files import expiries, published_files

    files = published_files(repository, models=model or ())
    if output.exists():
        raise CommandFailed(
            f"{output} exists already",
            code="firmware_repository_invalid",
            remedy="Name a new folder or file, so that nothing old stays in it.",
        )
    write = _write_tar if output.suffix == ".tar" else _write_folder
    write(repository, files, output)
    until = min(expiries(repository).values())
    if as_json:
        typer.echo(json.dumps({"files": len(files), "expires": until.isoformat()}))
    else:
        typer.echo(f"{len(files)} files, believed until {until:%Y-%m-%d %H:%M} UTC")


def _sign_root(
    repository: Path, keys: Path, passphrase_file: Path | None, *, replaced: list[str]
) -> None:
    from agent.firmware.publishing import sign_root
    from agent.firmware.signing_keys import make_signers

    for role in replaced:
        if role not in ROLES:
            raise usage_error(f"{role} is no role of one key", remedy="See --help.")
    signers = _signers(keys, passphrase_file)
    names = {role: f"{role}-{_now():%Y%m%d%H%M%S}" for role in replaced}
    made = make_signers(keys, names.values(), passphrase=_passphrase(passphrase_file))
    path, missing = sign_root(
        repository,
        signers=signers,
        now=_now(),
        new_keys={role: made[name].public_key for role, name in names.items()},
    )
    if missing:
        typer.echo(f"{path}: {missing} more must sign; then it is published.")
    else:
        typer.echo(f"Published: {path}")


def _write_tar(repository: Path, files: list[Path], output: Path) -> None:
    with tarfile.open(output, "w") as tar:
        for file in files:
            tar.add(repository / file, arcname=str(file))


def _write_folder(repository: Path, files: list[Path], output: Path) -> None:
    for file in files:
        (output / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(repository / file, output / file)


def _signers(keys: Path, passphrase_file: Path | None) -> list[CryptoSigner]:
    from agent.firmware.signing_keys import read_signers

    return read_signers(keys, passphrase=_passphrase(passphrase_file))


def _passphrase(file: Path | None) -> bytes | None:
    """The first line of a file that is closed to others; never an argument."""
    if file is None:
        return None
    try:
        with file.open("rb") as stream:
            if os.fstat(stream.fileno()).st_mode & 0o077:
                raise CommandFailed(
                    f"{file} is open to other users",
                    code="firmware_signing_key_unreadable",
                    remedy=f"chmod 600 {file}",
                )
            passphrase = stream.readline().rstrip(b"\r\n")
    except OSError as error:
        raise CommandFailed(
            f"{file}: {error.strerror}",
            code="firmware_signing_key_unreadable",
            remedy="Name the file with the passphrase.",
        ) from error
    if not passphrase:
        raise usage_error(f"{file} is empty", remedy="Write a passphrase into it.")
    return passphrase


def _now() -> datetime:
    from agent.clock import SystemClock

    return SystemClock().now()
