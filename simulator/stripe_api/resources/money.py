"""Amounts and currencies as Stripe limits and writes them. Minor units, never floats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.versions import ApiVersion

MAXIMUM_AMOUNT = 99_999_999

_NO_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
_THREE_DECIMALS = "bhd jod kwd omr tnd"
_TWO_DECIMALS = (
    "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp "
    "byn bzd cad cdf chf cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel "
    "gip gmd gtq gyd hkd hnl htg huf idr ils inr isk jmd kes kgs khr kyd kzt lak lbp "
    "lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr "
    "nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd "
    "std szl thb tjs top try ttd twd tzs uah usd usdc uyu uzs wst xcd yer zar zmw"
)

DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(_NO_DECIMALS.split(), 0),
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""Supported currencies, with how many decimals their amounts are written."""

_MINIMUM: Mapping[str, int] = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
_SYMBOL: Mapping[str, str] = {
    "usd": "$",
    "aud": "$",
    "cad": "$",
    "nzd": "$",
    "sgd": "$",
    "hkd": "$",
    "mxn": "$",
    "eur": "€",
    "gbp": "£",
    "jpy": "¥",
}


class Currency:
    """A parameter: an ISO 4217 code Stripe supports, in any case."""

    def read(self, raw: Any, name: str, version: ApiVersion) -> str:
        """The code in lower case; raises ParameterInvalid."""
        code = raw.lower() if isinstance(raw, str) else ""
        if code not in DECIMALS:
            raise ParameterInvalid(
                f"Invalid currency: {str(raw)[:20]}. Stripe currently supports these "
                f"currencies: {', '.join(sorted(DECIMALS))}",
                param=name,
            )
        return code


def check_chargeable(amount: int, currency: str) -> None:
    """Raise InvalidRequest below the currency's minimum or above Stripe's maximum."""
    minimum = _MINIMUM.get(currency, 1)
    if amount < minimum:
        raise InvalidRequest(
            f"Amount must be at least {formatted(minimum, currency)} {currency}",
            param="amount",
            code="amount_too_small",
        )
    if amount > MAXIMUM_AMOUNT:
        raise InvalidRequest(
            f"Amount must be no more than {formatted(MAXIMUM_AMOUNT, currency)}",
            param="amount",
            code="amount_too_large",
        )


def formatted(amount: int, currency: str) -> str:
    """An amount as Stripe's messages write it, such as `$1,234.50`."""
    symbol = _SYMBOL.get(currency, "")
    places = DECIMALS[currency]
    whole, fraction = divmod(amount, 10**places)
    if not places:
        return f"{symbol}{whole:,}"
    return f"{symbol}{whole:,}.{fraction:0{places}}"
