"""Which settings count at a reader, and where each of them comes from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.stripe_api.objects import JsonObject
from agent.terminal_configuration.effective import (
    Setting,
    Source,
    Tipping,
    differences,
    effective,
)

DEFAULT: JsonObject = {
    "id": "tmc_default",
    "object": "terminal.configuration",
    "is_account_default": True,
    "livemode": False,
    "name": None,
    "tipping": {"usd": {"percentages": [15, 20, 25]}},
    "reboot_window": {"start_hour": 2, "end_hour": 4},
}
OVERRIDES: JsonObject = {
    "id": "tmc_shop",
    "object": "terminal.configuration",
    "is_account_default": False,
    "livemode": False,
    "name": "Shop",
    "tipping": {"eur": {"fixed_amounts": [100, 200, 300]}},
    "offline": {"enabled": True},
}


def test_what_nobody_has_set_is_built_in() -> None:
    counting = effective(None, None, location=None)

    assert counting.settings == {
        "offline": Setting({"enabled": False}, Source.BUILT_IN),
        "reboot_window": Setting(None, Source.BUILT_IN),
        "tipping": Setting(None, Source.BUILT_IN),
    }
    assert counting.account_default is None
    assert not counting.is_offline_enabled


def test_a_location_overrides_setting_by_setting() -> None:
    counting = effective(DEFAULT, OVERRIDES, location="tml_1")

    sources = {name: setting.source for name, setting in counting.settings.items()}
    assert sources == {
        "offline": Source.LOCATION,
        "reboot_window": Source.ACCOUNT_DEFAULT,
        "tipping": Source.LOCATION,
    }
    assert counting.location_configuration == "tmc_shop"
    assert counting.account_default == "tmc_default"
    assert counting.is_offline_enabled


def test_a_setting_is_overridden_as_a_whole() -> None:
    counting = effective(DEFAULT, OVERRIDES, location="tml_1")

    assert counting.tipping("eur") == Tipping(fixed_amounts=(100, 200, 300))
    assert counting.tipping("usd") is None


def test_a_tip_screen_needs_something_to_offer() -> None:
    nothing: JsonObject = {"tipping": {"usd": {"smart_tip_threshold": 500}}}

    counting = effective({**DEFAULT, **nothing}, None, location=None)

    assert counting.tipping("usd") is None


def test_a_tip_screen_has_all_that_is_set() -> None:
    tips: JsonObject = {
        "percentages": [10, 15, 20],
        "fixed_amounts": [100, 200, 300],
        "smart_tip_threshold": 1000,
    }

    counting = effective({**DEFAULT, "tipping": {"usd": tips}}, None, location=None)

    assert counting.tipping("usd") == Tipping((10, 15, 20), (100, 200, 300), 1000)


def test_differences_name_the_settings_that_changed() -> None:
    before = effective(DEFAULT, None, location="tml_1")
    after = effective(DEFAULT, OVERRIDES, location="tml_1")

    assert differences(before, after) == ("offline", "tipping")
    assert differences(after, after) == ()


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=8,
)


@given(
    sections=st.dictionaries(
        st.sampled_from(["tipping", "offline", "reboot_window", "wifi", "id"]), ANYTHING
    )
)
def test_whatever_stripe_sends_is_understood_or_ignored(
    sections: JsonObject,
) -> None:
    counting = effective(sections, None, location=None)

    tipping = counting.tipping("usd")
    assert tipping is None or tipping.percentages or tipping.fixed_amounts
    assert isinstance(counting.is_offline_enabled, bool)
