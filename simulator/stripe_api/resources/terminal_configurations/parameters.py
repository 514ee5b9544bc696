"""What Configuration operations take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.stripe_api.engine.errors import ParameterInvalid, ParameterMissing
from simulator.stripe_api.engine.lists import list_parameters
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Clearable,
    Fields,
    Integer,
    Items,
    Parameter,
    Required,
    Text,
    Values,
)
from simulator.stripe_api.engine.versions import ApiVersion
from simulator.stripe_api.resources.terminal_configurations.fields import SCREENS

_CURRENCIES = (
    *("aed", "aud", "cad", "chf", "czk", "dkk", "eur", "gbp", "gip", "hkd", "huf"),
    *("jpy", "mxn", "myr", "nok", "nzd", "pln", "ron", "sek", "sgd", "usd"),
)
_CHOICES = 3
_HOUR = Required(Integer(minimum=0, maximum=23))
_PASSCODE = re.compile(r"\d{5}", re.ASCII)
_FILE = Text()
_ENABLED = Fields({"enabled": Required(Boolean())})


@dataclass(frozen=True, slots=True)
class RebootWindow:
    """Two different hours of the day, between which readers restart."""

    _HOURS = Fields({"end_hour": _HOUR, "start_hour": _HOUR})

    def read(self, raw: Any, name: str, version: ApiVersion) -> Values:
        """The hours, 0 to 23; the window may go past midnight."""
        hours = self._HOURS.read(raw, name, version)
        if hours["start_hour"] == hours["end_hour"]:
            raise ParameterInvalid(
                "The start_hour and end_hour of a reboot window must differ.",
                param=name,
            )
        return hours


@dataclass(frozen=True, slots=True)
class Passcode:
    """Five digits."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        """The digits, as text."""
        text = Text().read(raw, name, version)
        if not _PASSCODE.fullmatch(text):
            # The value may be a passcode: it is not repeated in the message.
            raise ParameterInvalid("The passcode must be five digits.", param=name)
        return text


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network, described by the member that `type` names."""

    _NETWORK = Fields(
        {
            "enterprise_eap_peap": Fields(
                {
                    "ca_certificate_file": _FILE,
                    "password": Required(Text()),
                    "ssid": Required(Text()),
                    "username": Required(Text()),
                }
            ),
            "enterprise_eap_tls": Fields(
                {
                    "ca_certificate_file": _FILE,
                    "client_certificate_file": Required(_FILE),
                    "private_key_file": Required(_FILE),
                    "private_key_file_password": Text(),
                    "ssid": Required(Text()),
                }
            ),
            "personal_psk": Fields(
                {"password": Required(Text()), "ssid": Required(Text())}
            ),
            "type": Required(
                Choice(("enterprise_eap_peap", "enterprise_eap_tls", "personal_psk"))
            ),
        }
    )

    def read(self, raw: Any, name: str, version: ApiVersion) -> Values:
        """The network, with the one member that belongs to its type."""
        network = self._NETWORK.read(raw, name, version)
        if network["type"] not in network:
            raise ParameterMissing(f"{name}[{network['type']}]")
        return {network["type"]: network[network["type"]], "type": network["type"]}


_TIP = Fields(
    {
        "fixed_amounts": Items(Integer(minimum=1), maximum=_CHOICES),
        "percentages": Items(Integer(minimum=1, maximum=100), maximum=_CHOICES),
        "smart_tip_threshold": Integer(minimum=0),
    }
)
_SETTINGS: Mapping[str, Parameter] = {
    **{
        screen: Clearable(Fields({"splashscreen": Clearable(_FILE)}))
        for screen in SCREENS
    },
    "cellular": Clearable(_ENABLED),
    "name": Text(),
    "offline": Clearable(_ENABLED),
    "reader_security": Clearable(
        Fields({"admin_menu_passcode": Clearable(Passcode())})
    ),
    "reboot_window": Clearable(RebootWindow()),
    "tipping": Clearable(Fields(dict.fromkeys(_CURRENCIES, _TIP))),
    "wifi": Clearable(Wifi()),
}

CHANGE = Fields(_SETTINGS)
"""For create and update alike."""

LIST = list_parameters(is_account_default=Boolean())
