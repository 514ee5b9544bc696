"""Everything the simulator refuses to do.

SimulatorError
├── CardUnknown              no virtual card of that name
├── CardFileInvalid          a file of virtual cards cannot be used
├── CardDataUnreadable       the encrypted card data do not decrypt to a card
├── ReaderUnknown            no simulated reader of that name
└── ControlRefused           that cannot be done to the reader in its present state

`code` is API: documented in docs/simulator.md and never renamed.
"""

from __future__ import annotations

from typing import ClassVar


class SimulatorError(Exception):
    """The root of the tree."""

    code: ClassVar[str] = "simulator_error"
    status: ClassVar[int] = 400


class CardUnknown(SimulatorError):
    """No virtual card of that name."""

    code = "card_unknown"
    status = 404


class CardFileInvalid(SimulatorError):
    """A file of virtual cards cannot be used; names the file and the card."""

    code = "card_file_invalid"


class CardDataUnreadable(SimulatorError):
    """The ciphertext, KSN and read method do not give a card."""

    code = "card_data_unreadable"


class ReaderUnknown(SimulatorError):
    """No simulated reader of that name."""

    code = "reader_unknown"
    status = 404


class ControlRefused(SimulatorError):
    """The reader's present state does not allow the asked thing."""

    code = "control_refused"
    status = 409
