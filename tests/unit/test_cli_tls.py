"""`cardlane tls`: certificates that a caller's TLS library takes, and keys for nobody else."""

from __future__ import annotations

import json
import ssl
import stat
from pathlib import Path

import pytest
from terminal import Terminal
from tls_hands import shaken_hands

from agent.certificates import revoked_in, serial_number
from agent.cli.failures import ExitCode
from agent.settings import RestSettings
from agent.tls import server_context

NAME = "till-1.shop.example"


@pytest.fixture
def terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.mark.parametrize("name", [NAME, "10.0.0.5"])
def test_a_server_and_a_caller_believe_each_other(
    terminal: Terminal, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "tls"

    codes = [
        terminal.run("tls", "create", NAME, "10.0.0.5", "--folder", str(folder)),
        terminal.run("tls", "client", "till-2", "--folder", str(folder)),
    ]

    authority = folder / "authority.pem"
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    server.verify_mode = ssl.CERT_REQUIRED
    server.verify_flags |= ssl.VERIFY_X509_STRICT
    server.load_cert_chain(folder / "server.pem", folder / "server-key.pem")
    caller = ssl.create_default_context(cafile=authority)
    caller.verify_flags |= ssl.VERIFY_X509_STRICT
    caller.load_cert_chain(
        folder / "client-till-2.pem", folder / "client-till-2-key.pem"
    )
    shown = shaken_hands(server, caller, name=name)[0].getpeercert()
    assert codes == [0, 0]
    assert shown is not None
    assert shown["subject"] == ((("commonName", "till-2"),),)


def test_a_certificate_is_for_its_names_only(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("tls", "create", NAME, "--folder", str(tmp_path))

    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tmp_path / "server.pem", tmp_path / "server-key.pem")
    caller = ssl.create_default_context(cafile=tmp_path / "authority.pem")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shaken_hands(server, caller, name="evil.example")


def test_keys_are_for_their_owner_only(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("tls", "create", NAME, "--folder", str(tmp_path))
    terminal.run("tls", "client", "till-2", "--folder", str(tmp_path))

    keys = {path.name: path for path in tmp_path.glob("*-key.pem")}
    assert keys.keys() == {
        "authority-key.pem",
        "server-key.pem",
        "client-till-2-key.pem",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.values()} == {0o600}


def test_the_authority_stays_when_a_certificate_is_renewed(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("tls", "create", NAME, "--folder", str(tmp_path))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    code = terminal.run("tls", "create", NAME, "--folder", str(tmp_path), "--json")

    after = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    changed = {name for name, content in after.items() if before[name] != content}
    assert code == 0
    assert changed == {"server.pem", "server-key.pem"}
    assert json.loads(terminal.out) == {
        "authority": str(tmp_path / "authority.pem"),
        "certificate": str(tmp_path / "server.pem"),
        "key": str(tmp_path / "server-key.pem"),
    }


def test_without_an_authority_there_is_no_callers_certificate(
    terminal: Terminal, tmp_path: Path
) -> None:
    code = terminal.run("tls", "client", "till-2", "--folder", str(tmp_path))

    assert code == ExitCode.REFUSED
    assert "cardlane tls create" in terminal.err


@pytest.mark.parametrize("name", ["../till", "till:443", "", "a/b", "-x y"])
def test_what_is_no_name_is_refused(
    terminal: Terminal, tmp_path: Path, name: str
) -> None:
    code = terminal.run("tls", "client", "--folder", str(tmp_path), "--", name)

    assert code == ExitCode.USAGE
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_cannot_be_written_is_named(
    terminal: Terminal, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    code = terminal.run("tls", "create", NAME, "--folder", str(tmp_path / "file"))

    assert code == ExitCode.REFUSED
    assert str(tmp_path / "file") in terminal.err


def revoked(folder: Path) -> set[int]:
    return {*revoked_in((folder / "revoked.pem").read_bytes())}


def test_all_that_a_caller_was_given_is_revoked_and_nobody_elses(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = ["--folder", str(tmp_path)]
    terminal.run("tls", "create", NAME, *folder)
    serials = []
    for name in ("till-2", "till-2", "till-3"):
        terminal.run("tls", "client", name, *folder)
        serials.append(serial_number((tmp_path / f"client-{name}.pem").read_bytes()))
    before = revoked(tmp_path)

    code = terminal.run("tls", "revoke", "till-2", *folder)

    assert (code, before) == (0, set())
    assert revoked(tmp_path) == {*serials[:2]}
    assert terminal.out == f"revoked: 2 of till-2\nlist: {tmp_path / 'revoked.pem'}\n"


def test_a_certificate_from_before_there_was_a_list_is_revoked(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = ["--folder", str(tmp_path)]
    terminal.run("tls", "create", NAME, *folder)
    terminal.run("tls", "client", "till-2", *folder)
    (tmp_path / "issued").unlink()
    (tmp_path / "revoked.pem").unlink()

    code = terminal.run("tls", "revoke", "till-2", *folder, "--json")

    serial = serial_number((tmp_path / "client-till-2.pem").read_bytes())
    assert code == 0
    assert json.loads(terminal.out)["revoked"] == 1
    assert revoked(tmp_path) == {serial}


def test_what_was_revoked_stays_revoked(terminal: Terminal, tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path)]
    terminal.run("tls", "create", NAME, *folder)
    for name in ("till-2", "till-3"):
        terminal.run("tls", "client", name, *folder)
        terminal.run("tls", "revoke", name, *folder)

    terminal.run("tls", "create", NAME, *folder)

    assert len(revoked(tmp_path)) == 2


def test_another_authority_lets_its_own_callers_in_and_no_others(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = ["--folder", str(tmp_path)]
    for name in ("till-2", "till-3"):
        (tmp_path / "authority.pem").unlink(missing_ok=True)
        terminal.run("tls", "create", NAME, *folder)
        terminal.run("tls", "client", name, *folder)

    server = server_context(
        RestSettings(
            tls_cert_file=tmp_path / "server.pem",
            tls_key_file=tmp_path / "server-key.pem",
            tls_client_ca_file=tmp_path / "authority.pem",
            tls_crl_file=tmp_path / "revoked.pem",
        )
    )

    def shake(name: str) -> None:
        caller = ssl.create_default_context(cafile=tmp_path / "authority.pem")
        files = (tmp_path / f"client-{name}.pem", tmp_path / f"client-{name}-key.pem")
        caller.load_cert_chain(*files)
        shaken_hands(server, caller, name=NAME)

    shake("till-3")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake("till-2")


def test_who_was_given_nothing_has_nothing_to_revoke(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.run("tls", "create", NAME, "--folder", str(tmp_path))

    code = terminal.run("tls", "revoke", "till-9", "--folder", str(tmp_path))

    assert code == ExitCode.REFUSED
    assert "till-9 was given no certificate" in terminal.err


def test_a_damaged_list_is_named_and_kept(terminal: Terminal, tmp_path: Path) -> None:
    terminal.run("tls", "create", NAME, "--folder", str(tmp_path))
    terminal.run("tls", "client", "till-2", "--folder", str(tmp_path))
    (tmp_path / "revoked.pem").write_text("nothing")

    code = terminal.run("tls", "revoke", "till-2", "--folder", str(tmp_path))

    assert code == ExitCode.REFUSED
    assert "revoked.pem" in terminal.err
    assert (tmp_path / "revoked.pem").read_text() == "nothing"
