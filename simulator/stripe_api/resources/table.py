"""Every simulated resource. Adding one is adding its file and its line here."""

from __future__ import annotations

from simulator.stripe_api.engine.operations import Resource
from simulator.stripe_api.resources.account import ACCOUNT
from simulator.stripe_api.resources.balance import BALANCE
from simulator.stripe_api.resources.balance_transactions import BALANCE_TRANSACTION
from simulator.stripe_api.resources.charges import CHARGE
from simulator.stripe_api.resources.customers import CUSTOMER
from simulator.stripe_api.resources.events import EVENT_LOG
from simulator.stripe_api.resources.files.links import FILE_LINK
from simulator.stripe_api.resources.files.resource import FILE
from simulator.stripe_api.resources.online_cards.confirmation_tokens import (
    CONFIRMATION_TOKEN,
)
from simulator.stripe_api.resources.online_cards.methods import PAYMENT_METHOD
from simulator.stripe_api.resources.online_cards.tokens import TOKEN
from simulator.stripe_api.resources.payment_intents.resource import payment_intents
from simulator.stripe_api.resources.refunds.resource import refunds
from simulator.stripe_api.resources.saved_payment_methods import SAVED_PAYMENT_METHODS
from simulator.stripe_api.resources.setup_intents.attempts import SETUP_ATTEMPT
from simulator.stripe_api.resources.setup_intents.resource import setup_intents
from simulator.stripe_api.resources.terminal_configurations.resource import (
    TERMINAL_CONFIGURATIONS,
)
from simulator.stripe_api.resources.terminal_connection_tokens import (
    TERMINAL_CONNECTION_TOKENS,
)
from simulator.stripe_api.resources.terminal_hardware.resource import terminal_hardware
from simulator.stripe_api.resources.terminal_location_removal import (
    TERMINAL_LOCATION_REMOVAL,
)
from simulator.stripe_api.resources.terminal_locations import TERMINAL_LOCATIONS
from simulator.stripe_api.resources.terminal_onboarding_links import (
    TERMINAL_ONBOARDING_LINKS,
)
from simulator.stripe_api.resources.terminal_reader_actions.resource import (
    terminal_reader_actions,
)
from simulator.stripe_api.resources.terminal_reader_actions.shop import Shop
from simulator.stripe_api.resources.terminal_readers import TERMINAL_READERS
from simulator.stripe_api.resources.test_clocks.resource import TEST_CLOCK
from simulator.stripe_api.resources.test_helpers_terminal_readers import (
    test_helpers_terminal_readers,
)
from simulator.stripe_api.resources.webhook_endpoints import WEBHOOK_ENDPOINT


def resources(shop: Shop) -> tuple[Resource, ...]:
    """All resources, with cards authorized by the bank of this shop."""
    return (
        ACCOUNT,
        BALANCE,
        BALANCE_TRANSACTION,
        CHARGE,
        CONFIRMATION_TOKEN,
        CUSTOMER,
        EVENT_LOG,
        FILE,
        FILE_LINK,
        PAYMENT_METHOD,
        refunds(shop.issuer),
        SAVED_PAYMENT_METHODS,
        SETUP_ATTEMPT,
        TERMINAL_CONFIGURATIONS,
        TERMINAL_CONNECTION_TOKENS,
        TERMINAL_LOCATIONS,
        TERMINAL_LOCATION_REMOVAL,
        TERMINAL_ONBOARDING_LINKS,
        TERMINAL_READERS,
        TEST_CLOCK,
        TOKEN,
        WEBHOOK_ENDPOINT,
        payment_intents(shop.issuer),
        setup_intents(shop.issuer),
        terminal_hardware(),
        terminal_reader_actions(shop),
        test_helpers_terminal_readers(shop),
    )
