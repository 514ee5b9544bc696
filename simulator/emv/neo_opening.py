"""How an issuer opens what a NEO reader sealed; the other half is `neo_sealing`."""

from __future__ import annotations

from drivers.errors import FrameError, TlvError
from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo.card_answer import COMBINED_TRACKS, Interface
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.issuer_data import IssuerData, decode_issuer_data
from drivers.protocol.idtech_neo.msr_fields import MsrBlock
from drivers.protocol.tlv import Tlv, find_value
from simulator.emv.card_keys import CardKey, aes_key, issuers_tdes_key
from simulator.emv.dukpt import Variant
from simulator.emv.sealing import STRIPE_TEMPLATE, TRACK_1, TRACK_2
from simulator.errors import CardDataUnreadable

_STRIPE_TAGS = (TRACK_1, TRACK_2)


def unseal_neo(encoded: bytes, ksn: bytes, *, bdk: bytes) -> tuple[Tlv, ...]:
    """The objects of a read, those of a stripe in STRIPE_TEMPLATE.

    Raises CardDataUnreadable.
    """
    try:
        data = decode_issuer_data(encoded)
    except FrameError:
        raise CardDataUnreadable("not the card data of a NEO reader") from None
    try:
        key = _key(data, ksn, bdk=bdk)
        stripe = data.stripe
        if stripe is not None:
            return (Tlv(STRIPE_TEMPLATE, children=_opened_tracks(stripe, key)),)
        return _opened_objects(data, key)
    except ValueError:
        # Without its cause: decrypted bytes belong in no traceback.
        raise CardDataUnreadable("the card data do not decrypt") from None


def _key(data: IssuerData, ksn: bytes, *, bdk: bytes) -> CardKey:
    """The key by which a read was sealed; raises ValueError for a malformed `ksn`."""
    stripe = data.stripe
    uses_aes = data.attribution.uses_aes if stripe is None else stripe.uses_aes
    if uses_aes:
        return aes_key(ksn)
    for_pins = stripe is not None and stripe.uses_pin_variant
    variant = Variant.PIN if for_pins else Variant.DATA_REQUEST
    return issuers_tdes_key(ksn, bdk=bdk, variant=variant)


def _opened_tracks(block: MsrBlock, key: CardKey) -> tuple[Tlv, ...]:
    return tuple(
        Tlv(tag, key.decrypt(track.encrypted).rstrip(b"\x00"))
        for tag, track in zip(_STRIPE_TAGS, block.tracks, strict=False)
        if track.encrypted
    )


def _opened_objects(data: IssuerData, key: CardKey) -> tuple[Tlv, ...]:
    objects = tuple(
        _opened(item, key) if item.form is Form.ENCRYPTED else Tlv(item.tag, item.value)
        for item in data.objects
        if item.tag != COMBINED_TRACKS
    )
    if data.attribution.interface is not Interface.CONTACTLESS_STRIPE:
        return objects
    return (Tlv(STRIPE_TEMPLATE, children=_track_2(objects)), *objects)


def _opened(item: CardObject, key: CardKey) -> Tlv:
    try:
        opened = tlv.decode(key.decrypt(item.value))
    except TlvError:
        opened = ()
    if [each.tag for each in opened] != [item.tag]:
        # Without a cause: decrypted bytes belong in no message and no traceback.
        raise CardDataUnreadable(f"object {item.tag:X} does not decrypt")
    return opened[0]


def _track_2(objects: tuple[Tlv, ...]) -> tuple[Tlv, ...]:
    """What a tapped stripe says, with the sentinels of a swiped one."""
    digits = (find_value(objects, emv.TRACK_2_EQUIVALENT_DATA) or b"").hex().upper()
    if not digits:
        return ()
    track = f";{digits.rstrip('F').replace('D', '=')}?"
    return (Tlv(TRACK_2, track.encode("ascii")),)
