"""The settings: where they come from, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest
from house import documentation
from pydantic import BaseModel, ValidationError

from agent.errors import SettingsInvalid
from agent.settings import Settings, load_settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cardlane.toml"


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    names: list[str] = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(
            field.annotation, BaseModel
        ):
            names += setting_names(field.annotation, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def test_without_file_and_environment_all_have_defaults() -> None:
    settings = load_settings(None, {})

    assert settings == Settings()
    assert settings.rest.port == 7345
    assert settings.stripe.api_base == "https://api.stripe.com"


def test_the_file_overrides_the_defaults(file: Path) -> None:
    file.write_text(
        'state_dir = "/srv/cardlane"\n'
        "[rest]\n"
        "port = 8000\n"
        'origins = ["https://till.example"]\n'
        "[readers]\n"
        'serial_ports = ["/dev/ttyACM0"]\n'
    )

    settings = load_settings(file, {})

    assert settings.state_dir == Path("/srv/cardlane")
    assert settings.rest.port == 8000
    assert settings.rest.origins == ("https://till.example",)
    assert settings.readers.serial_ports == ("/dev/ttyACM0",)
    assert settings.log.level == "info"


def test_the_environment_overrides_the_file(file: Path) -> None:
    file.write_text("[rest]\nport = 8000\nmax_body_bytes = 10\n")

    settings = load_settings(
        file,
        {
            "CARDLANE_REST__PORT": "9000",
            "CARDLANE_STATE_DIR": "/srv/other",
            "CARDLANE_READERS__SERIAL_PORTS": "/dev/ttyACM0, /dev/ttyACM1",
            "CARDLANE_STRIPE__API_BASE": "http://127.0.0.1:12111/",
        },
    )

    assert settings.rest.port == 9000
    assert settings.rest.max_body_bytes == 10
    assert settings.state_dir == Path("/srv/other")
    assert settings.readers.serial_ports == ("/dev/ttyACM0", "/dev/ttyACM1")
    assert settings.stripe.api_base == "http://127.0.0.1:12111"


@pytest.mark.parametrize(
    ("written", "leads_s"),
    [("3600", (3600,)), ("[86400, 3600]", (86400, 3600)), ("[]", ())],
)
def test_how_early_held_money_is_warned_of_may_be_one_number_or_several(
    file: Path, written: str, leads_s: tuple[int, ...]
) -> None:
    file.write_text(f"[payments]\nauthorization_warning_s = {written}\n")
    variable = {"CARDLANE_PAYMENTS__AUTHORIZATION_WARNING_S": written.strip("[]")}

    in_file, in_environment = load_settings(file, {}), load_settings(None, variable)

    assert in_file.payments.authorization_warning_s == leads_s
    assert in_environment.payments.authorization_warning_s == leads_s


def test_the_state_directory_of_systemd_is_the_default(file: Path) -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/private/cardlane:/var/lib/other"}
    file.write_text('state_dir = "/srv/cardlane"\n')

    assert load_settings(None, environ).state_dir == Path("/var/lib/private/cardlane")
    assert load_settings(file, environ).state_dir == Path("/srv/cardlane")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "::1"])
def test_any_loopback_address_may_be_listened_on(host: str) -> None:
    assert load_settings(None, {"CARDLANE_REST__HOST": host}).rest.host == host


def test_variables_of_other_programs_are_left_alone() -> None:
    environ = {"CARDLANE_CONFIG": "/etc/x.toml", "REST__PORT": "1", "PORT": "2"}

    assert load_settings(None, environ) == Settings()


def test_settings_cannot_be_changed_afterwards() -> None:
    settings = load_settings(None, {})

    with pytest.raises(ValidationError, match="frozen"):
        settings.rest.port = 1  # type: ignore[misc] # is what must fail


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[rest]\nprot = 1\n", "rest.prot is not a setting; did you mean port?"),
        ("[web]\nport = 1\n", "web is not a setting"),
        ("[rest]\nport = 70000\n", "rest.port: input should be less than or equal"),
        ('[rest]\nport = "http"\n', "rest.port: input should be a valid integer"),
        ("rest = 1\n", "rest: input should be"),
        ('[rest]\nhost = "0.0.0.0"\n', "rest.host: must be a loopback address"),
        ('[rest]\nhost = "till"\n', "rest.host: must be a loopback address"),
        ('[rest]\norigins = ["*"]\n', "rest.origins: must be an origin"),
        (
            '[rest]\norigins = ["https://till.example/pay"]\n',
            "rest.origins: must be an origin",
        ),
        (
            '[stripe]\napi_base = "http://api.stripe.com"\n',
            "stripe.api_base: must be https",
        ),
        ('[stripe]\napi_base = "https://"\n', "stripe.api_base: must be https"),
        ("[stripe]\ntimeout_s = 0\n", "stripe.timeout_s: input should be greater"),
        ("[stripe]\ntimeout_s = inf\n", "stripe.timeout_s: input should be a finite"),
        ('[log]\nlevel = "loud"\n', "log.level: input should be 'debug', 'info'"),
        (
            "[readers]\nreconnect_min_s = 9\n",
            "readers: reconnect_min_s must not exceed reconnect_max_s",
        ),
        ("[rest\n", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_in_one_line(
    file: Path, text: str, complaint: str
) -> None:
    file.write_text(text)

    with pytest.raises(SettingsInvalid) as caught:
        load_settings(file, {})

    assert caught.value.message.startswith(f"{file}: ")
    assert complaint in caught.value.message
    assert "\n" not in caught.value.message
    assert "docs/operations.md" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CARDLANE_REST__PORT", "http", "CARDLANE_REST__PORT: rest.port: input"),
        ("CARDLANE_REST__PROT", "1", "rest.prot is not a setting; did you mean port?"),
        ("CARDLANE_WEB__PORT", "1", "CARDLANE_WEB__PORT: web is not a setting"),
        ("CARDLANE_LOG__LEVEL__X", "1", "log.level"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, complaint: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(None, {name: value})

    assert complaint in caught.value.message
    assert name in caught.value.message


def test_the_wrong_one_of_several_variables_is_named() -> None:
    environ = {"CARDLANE_LOG__LEVEL": "debug", "CARDLANE_REST__PORT": "http"}

    with pytest.raises(SettingsInvalid, match=r"^CARDLANE_REST__PORT: rest\.port"):
        load_settings(None, environ)


def test_a_variable_cannot_hide_nonsense_in_the_file(file: Path) -> None:
    file.write_text("rest = 1\n")

    with pytest.raises(SettingsInvalid, match="rest: input should be"):
        load_settings(file, {"CARDLANE_REST__PORT": "1"})


def test_a_missing_file_is_told(file: Path) -> None:
    with pytest.raises(SettingsInvalid, match="No such file"):
        load_settings(file, {})


def test_a_file_that_is_not_text_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load_settings(file, {})


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_is_documented_with_its_variable(name: str) -> None:
    variable = "CARDLANE_" + name.upper().replace(".", "__")

    assert f"`{name}`" in documentation()
    assert f"`{variable}`" in documentation()
