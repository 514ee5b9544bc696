"""The currencies Stripe takes, as a chip card knows them (ISO 4217)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.errors import LocalError


@dataclass(frozen=True, slots=True)
class Currency:
    """What stands in TRANSACTION_CURRENCY_CODE and TRANSACTION_CURRENCY_EXPONENT."""

    numeric: int
    exponent: int = 2


def currency_of(code: str) -> Currency:
    """Look up a currency by Stripe's lower-case code; raises LocalError if unknown."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise LocalError(f"no currency {code!r}") from None


def iso_amount(amount: int, code: str) -> int:
    """Turn Stripe's smallest unit into ISO 4217's, which the card signs.

    They differ for three currencies. Raises LocalError for an amount that ISO's unit
    cannot express, such as half a krona of Iceland.
    """
    exponent = currency_of(code).exponent
    shift = exponent - STRIPE_EXPONENTS.get(code, exponent)
    factor: int = 10 ** abs(shift)
    if shift >= 0:
        return amount * factor
    whole, rest = divmod(amount, factor)
    if rest:
        raise LocalError(f"{amount} is no whole number of {code}")
    return whole


def stripe_amount(amount: int, code: str) -> int:
    """The opposite of `iso_amount`, for what a reader tells.

    Raises LocalError for an amount that Stripe's unit cannot express.
    """
    exponent = currency_of(code).exponent
    shift = STRIPE_EXPONENTS.get(code, exponent) - exponent
    factor: int = 10 ** abs(shift)
    if shift >= 0:
        return amount * factor
    whole, rest = divmod(amount, factor)
    if rest:
        raise LocalError(f"{amount} is no whole number of Stripe's {code}")
    return whole


STRIPE_EXPONENTS = {"isk": 2, "mga": 0, "ugx": 2}
"""Where Stripe counts in other units than ISO 4217, by its own currency notes."""

CURRENCIES = {
    "aed": Currency(784),
    "afn": Currency(971),
    "all": Currency(8),
    "amd": Currency(51),
    "ang": Currency(532),
    "aoa": Currency(973),
    "ars": Currency(32),
    "aud": Currency(36),
    "awg": Currency(533),
    "azn": Currency(944),
    "bam": Currency(977),
    "bbd": Currency(52),
    "bdt": Currency(50),
    "bgn": Currency(975),
    "bhd": Currency(48, 3),
    "bif": Currency(108, 0),
    "bmd": Currency(60),
    "bnd": Currency(96),
    "bob": Currency(68),
    "brl": Currency(986),
    "bsd": Currency(44),
    "bwp": Currency(72),
    "byn": Currency(933),
    "bzd": Currency(84),
    "cad": Currency(124),
    "cdf": Currency(976),
    "chf": Currency(756),
    "clp": Currency(152, 0),
    "cny": Currency(156),
    "cop": Currency(170),
    "crc": Currency(188),
    "cve": Currency(132),
    "czk": Currency(203),
    "djf": Currency(262, 0),
    "dkk": Currency(208),
    "dop": Currency(214),
    "dzd": Currency(12),
    "egp": Currency(818),
    "etb": Currency(230),
    "eur": Currency(978),
    "fjd": Currency(242),
    "fkp": Currency(238),
    "gbp": Currency(826),
    "gel": Currency(981),
    "gip": Currency(292),
    "gmd": Currency(270),
    "gnf": Currency(324, 0),
    "gtq": Currency(320),
    "gyd": Currency(328),
    "hkd": Currency(344),
    "hnl": Currency(340),
    "htg": Currency(332),
    "huf": Currency(348),
    "idr": Currency(360),
    "ils": Currency(376),
    "inr": Currency(356),
    "isk": Currency(352, 0),
    "jmd": Currency(388),
    "jod": Currency(400, 3),
    "jpy": Currency(392, 0),
    "kes": Currency(404),
    "kgs": Currency(417),
    "khr": Currency(116),
    "kmf": Currency(174, 0),
    "krw": Currency(410, 0),
    "kwd": Currency(414, 3),
    "kyd": Currency(136),
    "kzt": Currency(398),
    "lak": Currency(418),
    "lbp": Currency(422),
    "lkr": Currency(144),
    "lrd": Currency(430),
    "lsl": Currency(426),
    "mad": Currency(504),
    "mdl": Currency(498),
    "mga": Currency(969),
    "mkd": Currency(807),
    "mmk": Currency(104),
    "mnt": Currency(496),
    "mop": Currency(446),
    "mur": Currency(480),
    "mvr": Currency(462),
    "mwk": Currency(454),
    "mxn": Currency(484),
    "myr": Currency(458),
    "mzn": Currency(943),
    "nad": Currency(516),
    "ngn": Currency(566),
    "nio": Currency(558),
    "nok": Currency(578),
    "npr": Currency(524),
    "nzd": Currency(554),
    "omr": Currency(512, 3),
    "pab": Currency(590),
    "pen": Currency(604),
    "pgk": Currency(598),
    "php": Currency(608),
    "pkr": Currency(586),
    "pln": Currency(985),
    "pyg": Currency(600, 0),
    "qar": Currency(634),
    "ron": Currency(946),
    "rsd": Currency(941),
    "rub": Currency(643),
    "rwf": Currency(646, 0),
    "sar": Currency(682),
    "sbd": Currency(90),
    "scr": Currency(690),
    "sek": Currency(752),
    "sgd": Currency(702),
    "shp": Currency(654),
    "sle": Currency(925),
    "sos": Currency(706),
    "srd": Currency(968),
    "std": Currency(678),
    "szl": Currency(748),
    "thb": Currency(764),
    "tjs": Currency(972),
    "tnd": Currency(788, 3),
    "top": Currency(776),
    "try": Currency(949),
    "ttd": Currency(780),
    "twd": Currency(901),
    "tzs": Currency(834),
    "uah": Currency(980),
    "ugx": Currency(800, 0),
    "usd": Currency(840),
    "uyu": Currency(858),
    "uzs": Currency(860),
    "vnd": Currency(704, 0),
    "vuv": Currency(548, 0),
    "wst": Currency(882),
    "xaf": Currency(950, 0),
    "xcd": Currency(951),
    "xcg": Currency(532),
    "xof": Currency(952, 0),
    "xpf": Currency(953, 0),
    "yer": Currency(886),
    "zar": Currency(710),
    "zmw": Currency(967),
}
