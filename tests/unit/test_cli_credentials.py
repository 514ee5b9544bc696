"""Which Stripe key a command sees: its own, or that of the unit that runs beside it."""

from __future__ import annotations

from pathlib import Path

from agent.cli.credentials import with_credentials
from agent.settings import Settings, StripeKey, read_stripe_key

KEY = "rk_live_" + "4" * 24


def test_a_command_beside_the_unit_sees_its_stripe_key(tmp_path: Path) -> None:
    (tmp_path / "stripe_api_key").write_text(KEY)

    key = read_stripe_key(Settings(), with_credentials({}, folder=tmp_path))

    assert key == StripeKey(KEY)


def test_where_no_unit_runs_a_command_has_its_own_environment(tmp_path: Path) -> None:
    environ = {"HOME": "/root"}

    assert with_credentials(environ, folder=tmp_path / "none") == environ


def test_a_commands_own_credentials_go_before_the_units(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": "/run/credentials/other.service"}

    assert with_credentials(environ, folder=tmp_path) == environ
