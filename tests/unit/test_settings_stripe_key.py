"""The Stripe key: where it may come from, and that it is never shown."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from agent.errors import SettingsInvalid
from agent.settings import Settings, StripeKey, StripeSettings, read_stripe_key

RESTRICTED = "rk_test_" + "4" * 24
FULL = "sk_live_" + "5" * 24


def key_file(folder: Path, text: str = RESTRICTED, mode: int = 0o600) -> Path:
    path = folder / "stripe_api_key"
    path.write_text(text)
    path.chmod(mode)
    return path


def settings_with(file: Path) -> Settings:
    return Settings(stripe=StripeSettings(api_key_file=file))


def test_the_key_comes_from_a_file(tmp_path: Path) -> None:
    file = key_file(tmp_path, RESTRICTED + "\n")

    key = read_stripe_key(settings_with(file), {})

    assert key == StripeKey(RESTRICTED)


def test_the_credential_of_systemd_comes_first(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    # systemd lets its reader in by an ACL, which shows as the group's bits.
    key_file(tmp_path / "credentials", mode=0o440)
    file = key_file(tmp_path, FULL)
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    key = read_stripe_key(settings_with(file), environ)

    assert key == StripeKey(RESTRICTED)


def test_the_file_is_used_where_systemd_has_no_such_credential(tmp_path: Path) -> None:
    (tmp_path / "credentials").mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    key = read_stripe_key(settings_with(key_file(tmp_path)), environ)

    assert key == StripeKey(RESTRICTED)


def test_no_key_is_no_error() -> None:
    assert read_stripe_key(Settings(), {}) is None


def test_the_environment_itself_is_no_place_for_a_key() -> None:
    environ = {"STRIPE_API_KEY": RESTRICTED, "STRIPE_SECRET_KEY": RESTRICTED}

    assert read_stripe_key(Settings(), environ) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_file_open_to_others_is_refused_with_the_remedy(
    tmp_path: Path, mode: int
) -> None:
    file = key_file(tmp_path, mode=mode)

    with pytest.raises(SettingsInvalid, match=f"chmod 600 {file}"):
        read_stripe_key(settings_with(file), {})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    file = key_file(tmp_path)
    os.chown(file, 12345, 12345)

    with pytest.raises(SettingsInvalid, match="belongs to another user"):
        read_stripe_key(settings_with(file), {})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=r"stripe.api_key_file: .*No such file"):
        read_stripe_key(settings_with(tmp_path / "none"), {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pk_test_" + "4" * 24,
        "sk_test_",
        RESTRICTED + " x",
        "sk_test_é" + "4" * 20,
        "rk_prod_" + "4" * 24,
        RESTRICTED + "\n" + FULL,
    ],
)
def test_what_is_not_a_key_is_refused_without_being_shown(
    tmp_path: Path, text: str
) -> None:
    file = key_file(tmp_path, text)

    with pytest.raises(SettingsInvalid, match="not a Stripe key") as caught:
        read_stripe_key(settings_with(file), {})

    assert "4444" not in caught.value.message


def test_commands_that_read_the_key_write_nothing_beside_their_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        read_stripe_key(settings_with(key_file(tmp_path, FULL)), {})

    assert caplog.records == []


@pytest.mark.parametrize(
    ("text", "livemode", "is_restricted"),
    [
        ("rk_test_" + "4" * 24, False, True),
        ("sk_test_" + "4" * 24, False, False),
        ("rk_live_" + "4" * 24, True, True),
        ("sk_live_" + "4" * 24, True, False),
    ],
)
def test_the_prefix_tells_the_mode(
    text: str, livemode: bool, is_restricted: bool
) -> None:
    key = StripeKey(text)

    assert (key.livemode, key.is_restricted) == (livemode, is_restricted)


def test_a_printed_key_shows_its_kind_only() -> None:
    key = StripeKey(RESTRICTED)

    for text in (str(key), repr(key), f"{key}", f"{[key]}"):
        assert RESTRICTED not in text
        assert "rk_test_" in text
    assert key.reveal() == RESTRICTED
