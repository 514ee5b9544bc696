"""The ids of the agent's own objects, and how they are made."""

from __future__ import annotations

from collections.abc import Callable
from typing import NewType

ReaderId = NewType("ReaderId", str)
"""`tmr_…`, as Stripe's."""
PaymentId = NewType("PaymentId", str)
"""`pay_…`: one attempt of one action on one reader; ours, not Stripe's."""
PaymentIntentId = NewType("PaymentIntentId", str)
"""`pi_…`: Stripe's."""
SetupIntentId = NewType("SetupIntentId", str)
"""`seti_…`: Stripe's."""
FileId = NewType("FileId", str)
"""`file_…`: what a customer made at a reader, such as a signature."""
UpdateId = NewType("UpdateId", str)
"""`upd_…`: one firmware update of one reader."""
EventId = NewType("EventId", str)
"""`evt_…`: one event of this machine; ours, not Stripe's."""
EndpointId = NewType("EndpointId", str)
"""`we_…`: who wants to be told of events."""
LocalKeyId = NewType("LocalKeyId", str)
"""`lk_…`: names a local key without being it."""

Random = Callable[[int], bytes]
"""Source of n random bytes: `secrets.token_bytes` in the daemon, seeded in tests."""

_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LETTERS = bytes(_ALPHABET[byte % 62] for byte in range(256))
_UNFAIR = bytes(range(248, 256))
"""248 is the largest multiple of 62 below 256; larger bytes would favour letters."""


def random_text(random: Random, *, length: int = 24) -> str:
    """`length` letters and digits, about 5.9 bits each."""
    letters = b""
    while len(letters) < length:
        letters += random(length * 2).translate(_LETTERS, delete=_UNFAIR)
    return letters[:length].decode("ascii")


def new_id(prefix: str, random: Random) -> str:
    """A fresh id such as `tmr_3F9…`."""
    return f"{prefix}_{random_text(random)}"
