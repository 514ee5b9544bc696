"""How an issuer opens what a NEO reader sealed; the other half is `neo_sealing`."""

from __future__ import annotations

from drivers.errors import FrameError, TlvError
from drivers.protocol import emv, tlv
from drivers.protocol.idtech_neo.card_answer import COMBINED_TRACKS, Interface
from drivers.protocol.idtech_neo.encrypted_tlv import CardObject, Form
from drivers.protocol.idtech_neo.issuer_data import IssuerData, decode_issuer_data
from drivers.protocol.idtech_neo.msr_fields import MsrBlock
from drivers.protocol.tlv import Tlv, find_value
from simulator.emv.dukpt import (
    KSN_SIZE,
    Variant,
    initial_key,
    transaction_key,
    working_key,
)
from simulator.emv.sealing import STRIPE_TEMPLATE, TRACK_1, TRACK_2
from simulator.emv.tdes import decrypt_cbc
from simulator.errors import CardDataUnreadable

_STRIPE_TAGS = (TRACK_1, TRACK_2)


def unseal_neo(encoded: bytes, ksn: bytes, *, bdk: bytes) -> tuple[Tlv, ...]:
    """The objects of a read, those of a stripe in STRIPE_TEMPLATE.

    Raises CardDataUnreadable, also for AES, which the simulated issuer does not know.
    """
    try:
        data = decode_issuer_data(encoded)
    except FrameError:
        raise CardDataUnreadable("not the card data of a NEO reader") from None
    stripe = data.stripe
    if data.attribution.uses_aes or (stripe is not None and stripe.uses_aes):
        raise CardDataUnreadable("the simulated issuer has no AES keys")
    if len(ksn) != KSN_SIZE:
        raise CardDataUnreadable("not a key serial number of a TDES key")
    key = transaction_key(initial_key(bdk, ksn), ksn)
    if stripe is not None:
        variant = Variant.PIN if stripe.uses_pin_variant else Variant.DATA_REQUEST
        return _opened_stripe(stripe, working_key(key, variant))
    return _opened_objects(data, working_key(key, Variant.DATA_REQUEST))


def _opened_stripe(block: MsrBlock, key: bytes) -> tuple[Tlv, ...]:
    tracks = [
        Tlv(tag, decrypt_cbc(key, track.encrypted).rstrip(b"\x00"))
        for tag, track in zip(_STRIPE_TAGS, block.tracks, strict=False)
        if track.encrypted
    ]
    return (Tlv(STRIPE_TEMPLATE, children=tuple(tracks)),)


def _opened_objects(data: IssuerData, key: bytes) -> tuple[Tlv, ...]:
    objects = tuple(
        _opened(item, key) if item.form is Form.ENCRYPTED else Tlv(item.tag, item.value)
        for item in data.objects
        if item.tag != COMBINED_TRACKS
    )
    if data.attribution.interface is not Interface.CONTACTLESS_STRIPE:
        return objects
    return (Tlv(STRIPE_TEMPLATE, children=_track_2(objects)), *objects)


def _opened(item: CardObject, key: bytes) -> Tlv:
    try:
        opened = tlv.decode(decrypt_cbc(key, item.value))
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
