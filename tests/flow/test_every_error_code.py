"""Every code of docs/errors.md is met by whoever uses the agent, and none is only words.

A new code needs a row in docs/errors.md and a scenario in one of the tables below.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from code_scenes import Scenario
from codes_of_accounts import ACCOUNTS
from codes_of_certificates import CERTIFICATES
from codes_of_commands import COMMANDS
from codes_of_firmware import FIRMWARE
from codes_of_inputs import INPUTS
from codes_of_offline import OFFLINE
from codes_of_payments import ACTIONS, HEALTH, STRIPE
from codes_of_readers import READERS, WIRES
from codes_of_requests import REQUESTS
from codes_of_smart_readers import SMART_READERS
from house import ROOT

SEEN_THROUGH_THE_API: dict[str, Scenario] = {
    **REQUESTS,
    **READERS,
    **WIRES,
    **SMART_READERS,
    **STRIPE,
    **ACTIONS,
    **INPUTS,
    **HEALTH,
    **FIRMWARE,
    **OFFLINE,
    **CERTIFICATES,
    **ACCOUNTS,
}
ROW = re.compile(r"^\| `(\w+)` \|(.*)$", re.MULTILINE)
HOW_TO_ADD_ONE = """
Every code of docs/errors.md is provoked once. Write a function that provokes yours and
returns the code it saw (an HTTP answer's, an action's failure_code, an event's or a
cause's of health), and add `"the_code": the_function` to the table that fits:
  tests/codes_of_requests.py   REQUESTS          parameters, access, events, the journal
  tests/codes_of_payments.py   STRIPE, ACTIONS, HEALTH
  tests/codes_of_inputs.py     INPUTS
  tests/codes_of_readers.py    READERS, WIRES
  tests/codes_of_smart_readers.py  SMART_READERS
  tests/codes_of_firmware.py   FIRMWARE
  tests/codes_of_offline.py    OFFLINE           payments without network
  tests/codes_of_certificates.py  CERTIFICATES   health's, of the way in over TLS
  tests/codes_of_accounts.py   ACCOUNTS          several accounts on one machine
  tests/codes_of_commands.py   COMMANDS          what only the command line tells
tests/code_scenes.py has the settings for it: at_the_till, asked, card_fails, discovered.
A root of other errors says "Never sent as such" in docs/errors.md, and needs none."""


@pytest.mark.parametrize("code", SEEN_THROUGH_THE_API)
async def test_the_code_is_seen_by_a_register(code: str, tmp_path: Path) -> None:
    assert await SEEN_THROUGH_THE_API[code](tmp_path) == code


def test_every_documented_code_has_a_scenario() -> None:
    missing = documented() - SEEN_THROUGH_THE_API.keys() - COMMANDS.keys()

    assert not missing, f"no scenario for {sorted(missing)}.{HOW_TO_ADD_ONE}"


def test_every_scenario_is_of_a_documented_code() -> None:
    tables = [*SEEN_THROUGH_THE_API, *COMMANDS]

    assert set(tables) - documented() == set(), "add a row to docs/errors.md"
    assert [code for code, times in Counter(tables).items() if times > 1] == []


def documented() -> set[str]:
    """The codes of docs/errors.md, but for those that nobody is sent."""
    text = (ROOT / "docs" / "errors.md").read_text()
    return {
        code
        for code, rest in ROW.findall(text)
        if not re.search(r"\bNever \w+ as such", rest)
    }
