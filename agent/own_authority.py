"""The folder of an authority of one's own: what it has signed, and what it takes back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.certificates import (
    Certified,
    client_certificate,
    new_authority,
    read_certificate,
    renewed,
    revocation_list,
    revoked_in,
    serial_number,
    server_certificate,
)
from agent.clock import Clock
from agent.log import get_logger
from agent.settings.guarded_file import write_secret

log = get_logger(__name__)

AUTHORITY, SERVER = "authority", "server"
_ISSUED = "issued"
"""A line for each caller's certificate, `<serial number> <name>`: a renewed one takes
the other's file, and both must be known to be revoked."""


RENEWED_BEFORE = timedelta(days=60)
LOOKED_AT_EVERY_S = 6 * 3600.0


async def keep_renewing(certificate: Path, *, clock: Clock) -> None:
    """Renew the agent's certificate before it ends, without end.

    Returns at once where it is none of an authority of one's own in the same folder.
    """
    own = OwnAuthority(certificate.parent)
    if certificate != own.certificate_file(SERVER):
        return
    while own.key_file(AUTHORITY).exists():
        try:
            if own.renew_server(at=clock.now()):
                log.info("tls.own_certificate_renewed")
        except (OSError, ValueError) as error:
            log.warning("tls.own_certificate_not_renewed", reason=str(error))
        await clock.sleep(LOOKED_AT_EVERY_S)


@dataclass(frozen=True, slots=True)
class OwnAuthority:
    """One folder.

    Its methods raise OSError where a file is missing or not writable, and ValueError
    where one is damaged.
    """

    folder: Path

    @property
    def revoked_file(self) -> Path:
        """For `rest.tls_crl_file`."""
        return self.folder / "revoked.pem"

    def certificate_file(self, name: str) -> Path:
        """Where the certificate of that name is."""
        return self.folder / f"{name}.pem"

    def key_file(self, name: str) -> Path:
        """Where its key is."""
        return self.folder / f"{name}-key.pem"

    def make_server(self, names: Iterable[str], *, at: datetime) -> None:
        """The agent's certificate; the authority itself too, where there is none."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self.certificate_file(AUTHORITY).exists()
        if is_new:
            self._write(AUTHORITY, new_authority(at))
        if is_new or not self.revoked_file.exists():  # Another's list lets nobody in.
            _replace(self.revoked_file, revocation_list(self._authority(), {}, at=at))
        self._write(SERVER, server_certificate(self._authority(), names, at=at))

    def renew_server(self, *, at: datetime) -> bool:
        """The agent's certificate for another while, if its own ends soon; whether so.

        Of the same key, so that one file changes at one stroke.
        """
        file = self.certificate_file(SERVER)
        shown = Certified(file.read_bytes(), self.key_file(SERVER).read_bytes())
        ends_at = read_certificate(shown.certificate).valid.ends_at
        if ends_at - at > RENEWED_BEFORE:
            return False
        another = renewed(self._authority(), shown, at=at)
        if read_certificate(another).valid.ends_at <= ends_at:
            return False  # The authority itself ends then.
        _replace(file, another)
        return True

    def make_client(self, name: str, *, at: datetime) -> str:
        """A caller's certificate; the name of its files."""
        made, files = client_certificate(self._authority(), name, at=at), _client(name)
        with (self.folder / _ISSUED).open("a", encoding="ascii") as issued:
            issued.write(f"{serial_number(made.certificate):x} {name}\n")
        self._write(files, made)
        return files

    def revoke(self, name: str, *, at: datetime) -> int:
        """Take back all that this caller was ever given; how many certificates.

        0 where the caller was given none.
        """
        authority, file = self._authority(), self.revoked_file
        given = frozenset(self._given(name))
        if not given:
            return 0
        revoked = _listed(file) if file.exists() else {}
        since = dict.fromkeys(given, at) | revoked
        _replace(file, revocation_list(authority, since, at=at))
        return len(given)

    def _given(self, name: str) -> Iterator[int]:
        file, issued = self.certificate_file(_client(name)), self.folder / _ISSUED
        if file.exists():
            yield serial_number(file.read_bytes())
        if issued.exists():
            for line in issued.read_text(encoding="ascii").splitlines():
                serial, _, whose = line.partition(" ")
                if whose == name:
                    yield int(serial, 16)

    def _authority(self) -> Certified:
        return Certified(
            self.certificate_file(AUTHORITY).read_bytes(),
            self.key_file(AUTHORITY).read_bytes(),
        )

    def _write(self, name: str, made: Certified) -> None:
        write_secret(self.key_file(name), made.key.decode().strip())
        _replace(self.certificate_file(name), made.certificate)


def _listed(file: Path) -> dict[int, datetime]:
    try:
        return revoked_in(file.read_bytes())
    except ValueError as error:
        raise ValueError(f"{file} is no list of revoked certificates") from error


def _client(name: str) -> str:
    return f"client-{name}"


def _replace(path: Path, content: bytes) -> None:
    """In one step: the agent reads the former or the new, never half of one."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(content)
    draft.replace(path)
