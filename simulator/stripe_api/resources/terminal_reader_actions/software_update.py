"""New software on a reader, which takes no commands while it is installed."""

from __future__ import annotations

from simulator.stripe_api.resources.terminal_reader_actions.turn import Turn
from simulator.stripe_api.smart_readers.phases import Phase, Step


def install(turn: Turn, version: str, *, seconds: float) -> None:
    """Install `version`; raises ControlRefused unless the reader is idle."""
    turn.step(Step.UPDATE)

    def restart(then: Turn) -> None:
        if then.phase is Phase.UPDATING:
            then.step(Step.RESTART)
            then.reader = {**then.reader, "device_sw_version": version}
            then.store()

    if seconds > 0:
        turn.later(seconds, restart)
    else:
        restart(turn)
