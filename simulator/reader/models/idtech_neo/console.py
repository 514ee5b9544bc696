"""What every part of a simulated NEO reader may use of the whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.protocol import emv
from drivers.protocol.idtech_neo.basic import Encryption, PollMode
from drivers.protocol.idtech_neo.status import StatusCode
from drivers.protocol.tlv import Tlv
from simulator.cards.card import Card
from simulator.emv.card_keys import AesReadKeys, CardKey, tdes_key
from simulator.reader.model import Bench
from simulator.reader.models.idtech_neo.description import Description
from simulator.reader.models.idtech_neo.line import Line
from simulator.reader.models.idtech_neo.panel import Panel
from simulator.reader.models.idtech_neo.quirks import AES_KEYS, ENCRYPTION_OFF, Quirks


@dataclass(frozen=True, slots=True)
class Reply:
    """How a command is answered at once."""

    status: StatusCode = StatusCode.OK
    data: bytes = b""


OK = Reply()
NOT_ALLOWED = Reply(StatusCode.COMMAND_NOT_ALLOWED)
NOT_ALLOWED_NOW = Reply(StatusCode.SUB_COMMAND_NOT_ALLOWED)
WRONG_PARAMETER = Reply(StatusCode.INCORRECT_PARAMETER)

_FACTORY_CONFIGURATION = (
    Tlv(emv.TRANSACTION_CURRENCY_CODE, bytes.fromhex("0840")),
    Tlv(emv.TRANSACTION_TYPE, b"\x00"),
    Tlv(emv.AMOUNT_AUTHORISED, bytes.fromhex("000000000001")),
    Tlv(emv.AMOUNT_OTHER, bytes(6)),
)


@dataclass(slots=True)
class Settings:
    """What the reader keeps without power."""

    poll_mode: PollMode = PollMode.AUTO
    encryption: Encryption = Encryption.EMV | Encryption.MSR
    bluetooth_name: str = ""
    configuration: dict[int, bytes] = field(
        default_factory=lambda: {
            item.tag: item.value for item in _FACTORY_CONFIGURATION
        }
    )
    """Group 0."""
    terminal_data: bytes | None = None
    """As 60-04 tells them; None where there are none."""


@dataclass(slots=True)
class Memory:
    """What the reader knows until its power goes."""

    last_card: Card | None = field(default=None, repr=False)
    """Whom a PIN would be of."""


@dataclass(frozen=True, slots=True)
class Console:
    """The whole."""

    bench: Bench
    description: Description
    line: Line
    panel: Panel
    quirks: Quirks
    settings: Settings
    memory: Memory
    aes_keys: AesReadKeys
    """Of a reader that was given such."""

    def next_key(self) -> CardKey:
        """The key of the next card."""
        if self.quirks.strikes(AES_KEYS):
            return self.aes_keys.next()
        return tdes_key(self.bench.keys.next())

    def encrypts(self, kind: Encryption) -> bool:
        """Whether card data of this kind leave the reader encrypted."""
        if self.description.always_encrypts:
            return True
        if self.quirks.strikes(ENCRYPTION_OFF):
            return False
        return bool(self.settings.encryption & kind)
