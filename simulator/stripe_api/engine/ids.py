"""Ids and secrets that look like Stripe's, from a source of random bytes."""

from __future__ import annotations

from collections.abc import Callable

Random = Callable[[int], bytes]
"""Source of n random bytes: `secrets.token_bytes`, or seeded for repeatable ids."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BITS_PER_LETTER = 6  # log2(62) is 5.95, so this many random bits are enough


class Ids:
    """Makes ids; the same random source gives the same ids in the same order."""

    def __init__(self, random: Random) -> None:
        """`random` is the only source of chance."""
        self._random = random

    def new(self, prefix: str, *, length: int = 24) -> str:
        """`prefix`, an underscore and `length` letters and digits."""
        return f"{prefix}_{self.text(length)}"

    def text(self, length: int) -> str:
        """`length` letters and digits."""
        size = (length * _BITS_PER_LETTER + 7) // 8 + 2
        number = int.from_bytes(self._random(size), "big")
        letters = []
        for _ in range(length):
            number, index = divmod(number, 62)
            letters.append(_ALPHABET[index])
        return "".join(letters)

    def digits(self, length: int) -> str:
        """`length` decimal digits."""
        number = int.from_bytes(self._random(length), "big") % 10**length
        return f"{number:0{length}}"

    def network_transaction(self) -> str:
        """Fifteen digits; begins as no card number does, so that none mistakes it."""
        return f"1{self.digits(14)}"

    def uuid(self) -> str:
        """Thirty-two hex digits in the usual five groups."""
        digits = self._random(16).hex()
        return "-".join(
            (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        )
