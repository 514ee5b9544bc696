"""Doctor looks at the certificate before callers refuse it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from skipping_loop import NOON

from agent.certificates import LIVES, Certified, new_authority, server_certificate
from agent.cli.findings import Finding, Verdict
from agent.cli.tls_checks import check_certificate
from agent.settings import RestSettings


@pytest.fixture
def made() -> Certified:
    return server_certificate(new_authority(NOON), ["till.example", "::1"], at=NOON)


@pytest.fixture
def settings(tmp_path: Path, made: Certified) -> RestSettings:
    certificate, key = tmp_path / "server.pem", tmp_path / "server-key.pem"
    certificate.write_bytes(made.certificate)
    key.write_bytes(made.key)
    key.chmod(0o600)
    return RestSettings(
        tls_port=7346,
        tls_cert_file=certificate,
        tls_key_file=key,
        tls_names=("Till.example", "[::1]"),
    )


def after(settings: RestSettings, days: int) -> Finding:
    """What is found so many days after the certificate was made."""
    return check_certificate(settings, at=NOON + timedelta(days=days))


def test_without_tls_there_is_nothing_to_check() -> None:
    assert check_certificate(RestSettings(), at=NOON).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        (0, Verdict.GOOD),
        (LIVES.days - 60, Verdict.GOOD),
        (LIVES.days - 20, Verdict.WARNING),
        (LIVES.days + 1, Verdict.FAILED),
    ],
)
def test_a_certificate_is_renewed_in_time(
    settings: RestSettings, days: int, verdict: Verdict
) -> None:
    found = after(settings, days)

    assert found.verdict is verdict
    assert (found.remedy is None) is (verdict is Verdict.GOOD)


def test_a_name_that_the_certificate_lacks_is_told(settings: RestSettings) -> None:
    more = (*settings.tls_names, "10.0.0.5")

    found = after(settings.model_copy(update={"tls_names": more}), 0)

    assert found.verdict is Verdict.WARNING
    assert "10.0.0.5" in found.message


def test_a_certificate_without_names_is_for_none(
    settings: RestSettings, tmp_path: Path
) -> None:
    authority = new_authority(NOON)
    (tmp_path / "server.pem").write_bytes(authority.certificate)
    (tmp_path / "server-key.pem").write_bytes(authority.key)

    found = after(settings, 0)

    assert found.verdict is Verdict.WARNING
    assert "::1, till.example" in found.message


def test_a_key_that_others_can_read_is_told(
    settings: RestSettings, tmp_path: Path
) -> None:
    (tmp_path / "server-key.pem").chmod(0o644)

    found = after(settings, 0)

    assert found.verdict is Verdict.FAILED
    assert "chmod 600" in found.message
