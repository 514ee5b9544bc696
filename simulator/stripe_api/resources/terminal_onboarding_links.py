"""Onboarding links: where a merchant accepts Apple's terms for Tap to Pay. Not stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from simulator.stripe_api.engine.errors import ParameterMissing
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import (
    Boolean,
    Choice,
    Fields,
    Required,
    Text,
)
from simulator.stripe_api.engine.store import Kind
from simulator.stripe_api.resources.references import NoneExist


class OnboardingLink(TypedDict):
    """Stripe's terminal OnboardingLink; it has no id."""

    object: str
    link_options: Mapping[str, Any]
    link_type: str
    on_behalf_of: None
    redirect_url: str


ONBOARDING_LINKS = Kind[OnboardingLink](
    name="terminal.onboarding_link", prefix="tol", noun="onboarding link"
)
_APPLE = "apple_terms_and_conditions"
_CREATE = Fields(
    {
        "link_options": Required(
            Fields(
                {
                    _APPLE: Fields(
                        {
                            "allow_relinking": Boolean(),
                            "merchant_display_name": Required(Text()),
                        }
                    )
                }
            )
        ),
        "link_type": Required(Choice((_APPLE,))),
        "on_behalf_of": NoneExist("account"),
    }
)


def _create(call: Call) -> OnboardingLink:
    options = call.params["link_options"]
    if _APPLE not in options:
        raise ParameterMissing(f"link_options[{_APPLE}]")
    apple = {"allow_relinking": None, **options[_APPLE]}
    return {
        "object": "terminal.onboarding_link",
        "link_options": {_APPLE: apple},
        "link_type": call.params["link_type"],
        "on_behalf_of": None,
        "redirect_url": f"https://register.apple.com/tap-to-pay/{call.ids.text(32)}",
    }


TERMINAL_ONBOARDING_LINKS = Resource(
    kinds=(ONBOARDING_LINKS,),
    operations=(
        Operation(
            "POST",
            "/v1/terminal/onboarding_links",
            _CREATE,
            ONBOARDING_LINKS,
            _create,
        ),
    ),
)
