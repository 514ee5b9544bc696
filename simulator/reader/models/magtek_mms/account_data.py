"""The notification that carries a PIN together with the account it belongs to."""

from __future__ import annotations

from drivers.protocol import emv
from drivers.protocol.magtek_mms.blobs import TDES_DATA_VARIANT
from drivers.protocol.magtek_mms.message import Notification, payload_of
from drivers.protocol.magtek_mms.notifications import Unrecognised
from drivers.protocol.magtek_mms.pin_notices import PinEntered
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card, Entry
from simulator.cards.tracks import track_2, track_2_equivalent
from simulator.emv.sealing import ReadKeys

_CIPHERTEXT, _KSN, _ENCRYPTION_TYPE = 0xDFDF59, 0xDFDF56, 0xDFDF57
_TRACK_2 = 0xDF42


def with_account(
    entered: PinEntered, card: Card, entry: Entry, keys: ReadKeys
) -> Unrecognised:
    """`entered` with the card's number beside it, encrypted (manual, 7, table 316).

    A host that only wants the PIN reads it as it reads `entered`.
    """
    sealed = keys.next().seal(_account(card, entry))
    account = (
        Tlv(_CIPHERTEXT, sealed.ciphertext),
        Tlv(_KSN, sealed.ksn),
        Tlv(_ENCRYPTION_TYPE, bytes((TDES_DATA_VARIANT,))),
    )
    bare = entered.as_notification()
    payload = payload_of(bare.id, (*account, *entered.pin.parameters()))
    return Unrecognised(Notification(bare.id, bare.detail, payload=payload))


def _account(card: Card, entry: Entry) -> tuple[Tlv, ...]:
    if entry is Entry.SWIPE:
        return (Tlv(_TRACK_2, track_2(card).encode("ascii")),)
    number = card.account.number
    filled = number if len(number) % 2 == 0 else f"{number}F"
    return (
        Tlv(emv.TRACK_2_EQUIVALENT_DATA, track_2_equivalent(card)),
        Tlv(emv.PAN, bytes.fromhex(filled)),
    )
