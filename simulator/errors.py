"""Everything the simulator refuses to do.

SimulatorError
├── CardUnknown              no virtual card of that name
├── CardFileInvalid          a file of virtual cards cannot be used
├── CardDataUnreadable       the encrypted card data do not decrypt to a card
├── ReaderUnknown            no simulated reader of that name
├── WireUnavailable          the reader's port cannot be offered
├── ControlInvalid           a control request that could never work
│   ├── RuleUnknown          no automation rule of that id
│   └── RouteUnknown         no such path and method
├── ControlRefused           that cannot be done to the reader in its present state
├── SeedInvalid              an object given from outside cannot be taken in
├── DumpInvalid              what should be restored is no dump of this simulator
└── StateFileUnusable        the state file cannot be opened, or is somebody else's

`code` is API: documented in docs/simulator.md and never renamed.
"""

from __future__ import annotations

from typing import ClassVar


class SimulatorError(Exception):
    """The root of the tree."""

    code: ClassVar[str] = "simulator_error"
    status: ClassVar[int] = 400
    remedy: ClassVar[str] = "See docs/simulator.md."


class CardUnknown(SimulatorError):
    """No virtual card of that name."""

    code = "card_unknown"
    status = 404
    remedy = "GET /simulator/cards lists the cards."


class CardFileInvalid(SimulatorError):
    """A file of virtual cards cannot be used; names the file and the card."""

    code = "card_file_invalid"
    remedy = "Correct the file; docs/simulator.md explains its fields."


class CardDataUnreadable(SimulatorError):
    """The ciphertext, KSN and read method do not give a card."""

    code = "card_data_unreadable"
    remedy = "Send what a simulated reader encrypted, unchanged."


class ReaderUnknown(SimulatorError):
    """No simulated reader of that name."""

    code = "reader_unknown"
    status = 404
    remedy = "GET /simulator/readers lists the readers."


class WireUnavailable(SimulatorError):
    """The reader's port cannot be offered: a taken address, an unusable path."""

    code = "wire_unavailable"
    remedy = "Choose another path or port, or end the program that holds it."


class ControlInvalid(SimulatorError):
    """A control request that could never work, whatever the reader's state."""

    code = "control_invalid"
    remedy = "Correct the request; docs/simulator.md lists what each one takes."


class RuleUnknown(ControlInvalid):
    """No automation rule of that id."""

    code = "rule_unknown"
    status = 404
    remedy = "GET /simulator/rules lists the rules in force."


class RouteUnknown(ControlInvalid):
    """No such path and method."""

    code = "route_unknown"
    status = 404
    remedy = "docs/simulator.md lists the routes."


class ControlRefused(SimulatorError):
    """The reader's present state does not allow the asked thing."""

    code = "control_refused"
    status = 409
    remedy = "Wait for the state it needs, or use a rule: POST /simulator/rules."


class SeedInvalid(SimulatorError):
    """An object given from outside cannot be taken in; says which one and why."""

    code = "seed_invalid"
    remedy = "Correct that object; docs/stripe-api.md says what seeds are."


class DumpInvalid(SimulatorError):
    """What should be restored is no dump of this simulator."""

    code = "dump_invalid"
    remedy = "Send what GET /simulator/dump answered, unchanged."


class StateFileUnusable(SimulatorError):
    """The state file cannot be opened, is in use, or is somebody else's."""

    code = "state_file_unusable"
    remedy = "Name another file, or end the simulator that uses this one."
