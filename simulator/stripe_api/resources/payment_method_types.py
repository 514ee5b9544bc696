"""The names of Stripe's payment method types. Only card_present is acted upon."""

from __future__ import annotations

from typing import Any

from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.versions import ApiVersion

_COMMON = (
    "acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit "
    "bacs_debit bancontact billie bizum blik boleto card cashapp crypto "
    "customer_balance eps fpx giropay grabpay ideal kakao_pay klarna konbini kr_card "
    "mb_way mobilepay multibanco naver_pay nz_bank_account oxxo p24 pay_by_bank payco "
    "paynow paypal paypay payto pix promptpay revolut_pay samsung_pay satispay "
    "scalapay sepa_debit sequra sofort sunbit swish twint upi us_bank_account "
    "wechat_pay zip"
)
_RARE = (
    "boku_promptpay capchase_pay check_scan click_to_pay demo_pay duitnow "
    "dummy_auth_push dummy_passthrough_card edenred gcash getbalance gift_card gopay "
    "id_bank_transfer knet kr_market kriya momo mondu netbanking ng_bank "
    "ng_bank_transfer ng_card ng_market ng_ussd ng_wallet octopus paper_check qris "
    "rechnung shop_pay shopeepay south_korea_market stripe_balance tamara test_pay "
    "touch_n_go truemoney us_cash_voucher vipps wero"
)

EXCLUDABLE_TYPES = tuple(_COMMON.split())

OPTION_NAMES = (*EXCLUDABLE_TYPES, "card_present", "interac_present", "link")
"""The members of `payment_method_options`."""

TYPES = frozenset({*OPTION_NAMES, *_RARE.split()})


class PaymentMethodType:
    """A parameter: the name of a payment method type."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        """The name; raises ParameterInvalid."""
        if not isinstance(raw, str) or raw not in TYPES:
            raise ParameterInvalid(
                f"The payment method type provided: {str(raw)[:40]} is invalid. Please "
                "ensure the provided type is activated in your dashboard "
                "(https://dashboard.stripe.com/account/payments/settings) and your "
                "account is enabled for any preview features that you are trying to "
                "use.",
                param=name.partition("[")[0],
                code="payment_intent_invalid_parameter",
            )
        return raw
