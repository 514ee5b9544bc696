"""The key of stored payments: where it may come from, and that it is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import SettingsInvalid
from agent.settings import OfflineKey, OfflineSettings, Settings, read_offline_key

KEY = OfflineKey(bytes(range(32)))
OTHER = OfflineKey(bytes(32))


def key_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "offline_key"
    path.write_text(text)
    path.chmod(mode)
    return path


def settings_with(file: Path | None) -> Settings:
    return Settings(offline=OfflineSettings(key_file=file))


def test_the_offline_key_comes_from_a_file(tmp_path: Path) -> None:
    file = key_file(tmp_path, KEY.text() + "\n")

    assert read_offline_key(settings_with(file), {}) == KEY


def test_the_credential_comes_before_the_file(tmp_path: Path) -> None:
    key_file(tmp_path / "credentials", KEY.text(), mode=0o440)
    file = key_file(tmp_path, OTHER.text())
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}

    assert read_offline_key(settings_with(file), environ) == KEY


def test_without_either_there_is_no_key() -> None:
    assert read_offline_key(settings_with(None), {}) is None


@pytest.mark.parametrize("text", ["", "not base64!", "c2hvcnQ=", "Ü"])
def test_what_is_no_offline_key_is_refused_without_being_shown(
    tmp_path: Path, text: str
) -> None:
    file = key_file(tmp_path, text)

    with pytest.raises(SettingsInvalid, match="expected the base64 of 32 bytes") as got:
        read_offline_key(settings_with(file), {})

    assert not text or text not in str(got.value).replace("expected the base64", "")


def test_an_offline_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = key_file(tmp_path, KEY.text(), mode=0o640)

    with pytest.raises(SettingsInvalid, match="open to other users"):
        read_offline_key(settings_with(file), {})


def test_an_offline_key_is_not_printed() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert KEY.text() not in repr(KEY)


def test_keys_are_told_apart_by_name() -> None:
    assert KEY.key_id != OTHER.key_id
    assert KEY.key_id not in KEY.secret.hex()


def test_limits_are_amounts_by_currency() -> None:
    offline = OfflineSettings(
        max_payment=("100.00 usd", "500 jpy"), max_stored=("2000 jpy", "1500.50 usd")
    )

    assert offline.payment_limits == {"usd": 100_00, "jpy": 500}
    assert offline.stored_limits == {"usd": 1500_50, "jpy": 2000}


@pytest.mark.parametrize(
    ("max_payment", "max_stored", "complaint"),
    [
        (("100.00 usd",), (), "same currencies"),
        (("100.00 usd", "1.00 usd"), ("100.00 usd",), "once"),
        (("much",), ("100.00 usd",), "is not an amount"),
    ],
)
def test_limits_that_make_no_sense_are_refused(
    max_payment: tuple[str, ...], max_stored: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        OfflineSettings(max_payment=max_payment, max_stored=max_stored)
