"""An account's settings: its file, on top of the agent's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SettingsInvalid
from agent.settings import (
    AccountSettings,
    Settings,
    account_files,
    load_account,
    load_settings,
    read_offline_key,
    read_stripe_key,
)

OWN = """
[rest]
port = 7000
tls_names = ["till.example"]
[stripe]
api_key_file = "/nowhere"
timeout_s = 7
[terminal]
token_locations = ["tml_own"]
refresh_interval_s = 60
[offline]
key_file = "/nowhere"
max_payment = ["5.00 usd"]
max_stored = ["5.00 usd"]
[fleet]
broker = "mqtt://localhost"
machine = "till-1"
"""


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    (tmp_path / "cardlane.toml").write_text(OWN)
    (tmp_path / "accounts.d").mkdir()
    environ = {"CARDLANE_STATE_DIR": str(tmp_path / "state")}
    return load_settings(tmp_path / "cardlane.toml", environ)


def loaded(own: Settings, text: str, *, name: str = "stall-2") -> AccountSettings:
    """The account of a file with this text."""
    assert own.accounts_dir is not None
    file = own.accounts_dir / f"{name}.toml"
    file.write_text(text)
    return load_account(file, own)


def test_what_a_file_leaves_out_is_as_for_all(own: Settings) -> None:
    account = loaded(own, 'mode = "test"\n[stripe]\nmax_retries = 5\n')

    assert account.stripe.timeout_s == 7
    assert account.stripe.max_retries == 5
    assert account.terminal.refresh_interval_s == 60
    assert account.rest.port == 7000


def test_what_is_one_merchants_alone_is_inherited_by_nobody(own: Settings) -> None:
    account = loaded(own, 'mode = "test"\n')

    state = own.state_dir / "accounts" / "stall-2"
    assert account.state_dir == state
    assert account.stripe.api_key_file == state / "stripe_api_key"
    assert account.terminal.token_locations == ()
    assert account.offline == Settings().offline
    assert account.fleet == Settings().fleet
    assert account.rest.tls_names == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "stall-2.toml: mode"),
        ('mode = "tset"', "stall-2.toml: mode"),
        ('mode = "test"\nstate_dir = "/x"', "state_dir is of the whole agent"),
        ('mode = "test"\n[readers]', "readers is of the whole agent"),
        ('mode = "test"\naccount = "other"', "account is not a setting"),
        ('mode = "test"\n[stripe]\ntimeout = 1', "did you mean timeout_s"),
        ('mode = "test"\nstripe = 1', "stripe"),
        ("mode =", "cannot be read"),
        ('mode = "test"\n[fleet]\nbroker = "mqtt://localhost"', "fleet.machine"),
        (
            'mode = "test"\n[fleet]\nbroker = "mqtt://localhost"\nmachine = "till-1"',
            "fleet.machine",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    own: Settings, text: str, reason: str
) -> None:
    with pytest.raises(SettingsInvalid, match=reason) as refused:
        loaded(own, text)

    assert refused.value.remedy


@pytest.mark.parametrize("name", ["Stall", "-a", "a.b", "a" * 33, "é"])
def test_a_name_that_cannot_be_a_folder_or_a_label_is_refused(
    own: Settings, name: str
) -> None:
    with pytest.raises(SettingsInvalid, match="cannot be an account's name"):
        loaded(own, 'mode = "test"', name=name)


def test_other_files_are_no_accounts(own: Settings) -> None:
    assert own.accounts_dir is not None
    for name in ("b.toml", "a.toml", "a.toml~", ".c.toml", "README"):
        (own.accounts_dir / name).touch()

    assert list(account_files(own)) == ["a", "b"]


def test_without_a_folder_there_are_no_further_accounts(tmp_path: Path) -> None:
    assert account_files(Settings()) == {}
    assert account_files(Settings(accounts_dir=tmp_path / "none")) == {}


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsInvalid, match="accounts_dir"):
        account_files(Settings(accounts_dir=tmp_path / "file"))


def test_credentials_of_an_account_have_its_name(own: Settings, tmp_path: Path) -> None:
    account = loaded(own, 'mode = "test"')
    keys = {"stripe_api_key": "a", "stripe_api_key.stall-2": "b"}
    for name, letter in keys.items():
        (tmp_path / name).write_text("rk_test_" + letter * 20)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    key = read_stripe_key(account, environ)

    assert key is not None
    assert key.reveal().endswith("b")
    assert read_offline_key(account, environ) is None


def test_a_key_of_the_other_mode_is_refused(own: Settings, tmp_path: Path) -> None:
    account = loaded(own, 'mode = "test"')
    (tmp_path / "stripe_api_key.stall-2").write_text("rk_live_" + "0" * 20)

    with pytest.raises(SettingsInvalid, match="of live mode, its settings say test"):
        read_stripe_key(account, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
