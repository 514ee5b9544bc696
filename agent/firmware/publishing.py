"""The operator's repository: made, filled, signed and bundled. TUF, one folder.

Holds metadata/ and targets/ as they are published, by any web server or on a stick.
Every change writes new files first and the timestamp, which names them, last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from agent.firmware.errors import RepositoryInvalid, SigningKeyMissing
from agent.firmware.image import ImageTerms, read_terms, terms_object
from agent.firmware.repository_files import (
    METADATA,
    TARGETS,
    SignedT,
    has_metadata,
    newest_file,
    open_newest,
    read_metadata,
    version_of,
    write_whole,
)

STAGED_ROOT = "root.staged.json"
"""A new root that too few keys have signed yet; never published as it is."""

LIFE = {
    Root.type: timedelta(days=365),
    Targets.type: timedelta(days=180),
    Snapshot.type: timedelta(days=90),
    Timestamp.type: timedelta(days=30),
}
"""How long metadata are believed after they were signed."""

Signers = Sequence[CryptoSigner]


def create(
    folder: Path,
    *,
    root_signers: Signers,
    signers: dict[str, CryptoSigner],
    threshold: int,
    now: datetime,
) -> Path:
    """Make an empty repository; the root to pin.

    `signers` has one key each for targets, snapshot and timestamp. Raises
    RepositoryInvalid where there is one already or the threshold cannot be met.
    """
    check_new(folder, root_keys=len(root_signers), threshold=threshold)
    for name in (METADATA, TARGETS):
        (folder / name).mkdir(parents=True)
    root = Metadata(Root(expires=_expiry(Root.type, now)))
    for signer in root_signers:
        root.signed.add_key(signer.public_key, Root.type)
    root.signed.roles[Root.type].threshold = threshold
    for role, signer in signers.items():
        root.signed.add_key(signer.public_key, role)
    _sign(root, root_signers)
    path = folder / METADATA / "1.root.json"
    write_whole(path, root.to_bytes())
    targets = Metadata(Targets(expires=_expiry(Targets.type, now)))
    targets.signed.version = 0
    _publish(folder, list(signers.values()), now=now, targets=targets)
    return path


def check_new(folder: Path, *, root_keys: int, threshold: int) -> None:
    """Raises RepositoryInvalid where `create` would: before any key is made."""
    if (folder / METADATA).exists():
        raise RepositoryInvalid(f"{folder} holds a repository already.")
    if not 2 <= threshold <= root_keys:
        raise RepositoryInvalid(
            "At least two root keys must sign, and no more than there are."
        )


def add_image(
    folder: Path,
    file: Path,
    *,
    terms: ImageTerms,
    signers: Signers,
    now: datetime,
) -> str:
    """Put an image into the repository and sign it; the target's name.

    Raises RepositoryInvalid and SigningKeyMissing.
    """
    targets = open_newest(folder, Targets)
    name = f"{terms.device_model}/{file.name}"
    content = file.read_bytes()
    digest = sha256(content).hexdigest()
    if terms.vendor_digest not in (None, digest):
        raise RepositoryInvalid(f"{file}: its SHA-256 is {digest}, not the vendor's.")
    _check_free(targets.signed, name, terms=terms)
    target = TargetFile.from_data(name, content, ["sha256"])
    target.unrecognized_fields["custom"] = terms_object(terms)
    path = folder / TARGETS / terms.device_model / f"{digest}.{file.name}"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, content)
    targets.signed.targets[name] = target
    _publish(folder, signers, now=now, targets=targets)
    return name


def remove_image(folder: Path, name: str, *, signers: Signers, now: datetime) -> None:
    """Take an image out of the catalogue; its file stays for agents under way."""
    targets = open_newest(folder, Targets)
    if targets.signed.targets.pop(name, None) is None:
        raise RepositoryInvalid(f"{folder} has no image {name}.")
    _publish(folder, signers, now=now, targets=targets)


def next_sequence(folder: Path, device_model: str) -> int:
    """One more than the model's newest image has; raises RepositoryInvalid."""
    targets = open_newest(folder, Targets).signed.targets.values()
    known = [read_terms(target.custom) for target in targets]
    return 1 + max(
        (terms.sequence for terms in known if terms.device_model == device_model),
        default=0,
    )


def renew(
    folder: Path,
    role: str,
    *,
    signers: Signers,
    now: datetime,
    life: timedelta | None = None,
) -> datetime:
    """Sign a role's metadata again, with all that depend on it; when they expire.

    Raises RepositoryInvalid and SigningKeyMissing.
    """
    life = life or LIFE[role]
    if role == Targets.type:
        _publish(
            folder, signers, now=now, targets=open_newest(folder, Targets), life=life
        )
    elif role == Snapshot.type:
        _publish_snapshot(folder, signers, now=now, life=life)
    else:
        _publish_timestamp(folder, signers, now=now, life=life)
    return now.replace(microsecond=0) + life


def sign_root(
    folder: Path,
    *,
    signers: Signers,
    now: datetime,
    new_keys: Mapping[str, Key] | None = None,
) -> tuple[Path, int]:
    """Sign the next root with the keys at hand; where it is, and how many are missing.

    Those who hold the root keys do so one after the other, each on their own machine;
    with the last one it is published. `new_keys` take the place of a role's keys, from
    then on. Raises RepositoryInvalid, SigningKeyMissing.
    """
    current = open_newest(folder, Root)
    root = _staged_root(folder, current.signed.version + 1, now=now)
    for role, key in (new_keys or {}).items():
        for keyid in list(root.signed.roles[role].keyids):
            root.signed.revoke_key(keyid, role)
        root.signed.add_key(key, role)
        root.signatures.clear()
    _sign(root, _of_role(signers, current.signed, Root.type))
    verified = root.signed.get_root_verification_result(
        current.signed, root.signed_bytes, root.signatures
    )
    staged = folder / METADATA / STAGED_ROOT
    if not verified:
        write_whole(staged, root.to_bytes())
        return staged, max(verified.first.missing, verified.second.missing)
    path = folder / METADATA / f"{root.signed.version}.root.json"
    write_whole(path, root.to_bytes())
    staged.unlink(missing_ok=True)
    return path, 0


def _staged_root(folder: Path, version: int, *, now: datetime) -> Metadata[Root]:
    """The root that others have begun to sign, or a new one."""
    staged = folder / METADATA / STAGED_ROOT
    if staged.exists():
        root = read_metadata(staged, Root)
        if root.signed.version == version:
            return root
    root = open_newest(folder, Root)
    root.signed.version = version
    root.signed.expires = _expiry(Root.type, now)
    root.signatures.clear()
    return root


def _check_free(targets: Targets, name: str, *, terms: ImageTerms) -> None:
    """A sequence number means one version, and a name one image."""
    if name in targets.targets:
        raise RepositoryInvalid(f"There is an image {name} already.")
    for other in targets.targets.values():
        theirs = read_terms(other.custom)
        if (theirs.device_model, theirs.sequence) == (
            terms.device_model,
            terms.sequence,
        ) and theirs.firmware_version != terms.firmware_version:
            raise RepositoryInvalid(
                f"Sequence {terms.sequence} is that of {theirs.firmware_version}."
            )


def _publish(
    folder: Path,
    signers: Signers,
    *,
    now: datetime,
    targets: Metadata[Targets],
    life: timedelta | None = None,
) -> None:
    """The next version of targets, and of what names it."""
    root = open_newest(folder, Root).signed
    for role in (Targets.type, Snapshot.type, Timestamp.type):
        _of_role(signers, root, role)
    targets.signed.version += 1
    targets.signed.expires = _expiry(Targets.type, now, life)
    _sign(targets, _of_role(signers, root, Targets.type))
    version = targets.signed.version
    write_whole(folder / METADATA / f"{version}.targets.json", targets.to_bytes())
    _publish_snapshot(folder, signers, now=now)


def _publish_snapshot(
    folder: Path, signers: Signers, *, now: datetime, life: timedelta | None = None
) -> None:
    root = open_newest(folder, Root).signed
    snapshot = _next(folder, Snapshot)
    named = newest_file(folder, Targets.type)
    snapshot.signed.meta["targets.json"] = _meta(named)
    snapshot.signed.expires = _expiry(Snapshot.type, now, life)
    for role in (Snapshot.type, Timestamp.type):
        _of_role(signers, root, role)
    _sign(snapshot, _of_role(signers, root, Snapshot.type))
    version = snapshot.signed.version
    write_whole(folder / METADATA / f"{version}.snapshot.json", snapshot.to_bytes())
    _publish_timestamp(folder, signers, now=now)


def _publish_timestamp(
    folder: Path, signers: Signers, *, now: datetime, life: timedelta | None = None
) -> None:
    root = open_newest(folder, Root).signed
    timestamp = _next(folder, Timestamp)
    timestamp.signed.snapshot_meta = _meta(newest_file(folder, Snapshot.type))
    timestamp.signed.expires = _expiry(Timestamp.type, now, life)
    _sign(timestamp, _of_role(signers, root, Timestamp.type))
    write_whole(folder / METADATA / "timestamp.json", timestamp.to_bytes())


def _next(folder: Path, role: type[SignedT]) -> Metadata[SignedT]:
    """The metadata to change, one version further; new where there are none yet."""
    if not has_metadata(folder, role.type):
        return Metadata(role())
    metadata = open_newest(folder, role)
    metadata.signed.version += 1
    return metadata


def _meta(file: Path) -> MetaFile:
    return MetaFile.from_data(version_of(file), file.read_bytes(), ["sha256"])


def _of_role(signers: Signers, root: Root, role: str) -> list[CryptoSigner]:
    """Those of the role; raises SigningKeyMissing where there is none."""
    wanted = root.roles[role].keyids
    found = [signer for signer in signers if signer.public_key.keyid in wanted]
    if not found:
        raise SigningKeyMissing(f"No key at hand may sign {role} metadata.")
    return found


def _sign(metadata: Metadata[SignedT], signers: Iterable[CryptoSigner]) -> None:
    if metadata.signed.type != Root.type:
        metadata.signatures.clear()
    for signer in signers:
        metadata.sign(signer, append=True)


def _expiry(role: str, now: datetime, life: timedelta | None = None) -> datetime:
    return now.replace(microsecond=0) + (life or LIFE[role])
