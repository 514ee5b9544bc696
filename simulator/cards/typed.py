"""A card number as it is typed at a reader, and the tracks a reader makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TypedCard:
    """What a cardholder typed; in no `repr`."""

    number: str = field(repr=False)
    expiry: str = field(repr=False)
    """MMYY, as on the card."""
    security_code: str = field(default="", repr=False)

    @property
    def track_1(self) -> str:
        """Format code M, a fixed name, service code 000; the security code follows."""
        code = f"000000{self.security_code}000000"
        return f"%M{self.number}^MANUAL ENTRY/^{self._year_first}{code}?"

    @property
    def track_2(self) -> str:
        """As track 1, with less filler."""
        code = f"000000{self.security_code}000"
        return f";{self.number}={self._year_first}{code}?"

    @property
    def masked_track_2(self) -> str:
        """Issuer number and last four digits only."""
        hidden = "0" * (len(self.number) - 10)
        shown = f"{self.number[:6]}{hidden}{self.number[-4:]}"
        return f";{shown}={self._year_first}000?"

    @property
    def _year_first(self) -> str:
        return self.expiry[2:] + self.expiry[:2]
