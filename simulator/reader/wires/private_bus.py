"""A message bus of one's own, so that nobody meets a simulated BlueZ by accident."""

from __future__ import annotations

import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator.errors import WireUnavailable

_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0
# Everything is allowed among those who can reach the socket, and nothing is started.
_CONFIGURATION = """\
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


@contextmanager
def private_bus(program: str = "dbus-daemon") -> Iterator[str]:
    """The address of a bus that only this user reaches, and that ends with the context.

    Raises WireUnavailable where `program` does not start.
    """
    with tempfile.TemporaryDirectory(prefix="cardlane-bus-") as folder:
        configuration = Path(folder, "bus.conf")
        configuration.write_text(_CONFIGURATION.format(socket=Path(folder, "bus")))
        daemon = _started(program, configuration)
        try:
            yield _address(daemon)
        finally:
            _stop(daemon)


def _started(program: str, configuration: Path) -> subprocess.Popen[str]:
    # Where the system has it: the bus does not outlive a simulator that is killed.
    setpriv = shutil.which("setpriv") if shutil.which(program) else None
    leash = [] if setpriv is None else [setpriv, "--pdeathsig", "TERM", "--"]
    try:
        return subprocess.Popen(  # noqa: S603 - a program of the system's
            [
                *leash,
                program,
                "--nofork",
                "--nopidfile",
                "--nosyslog",
                "--print-address=1",
                f"--config-file={configuration}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            # Ctrl-C is for the simulator, which then ends its bus.
            process_group=0,
        )
    except OSError as error:
        raise WireUnavailable(
            f"{program}: {error.strerror}; simulated Bluetooth needs a D-Bus daemon"
        ) from error


def _address(daemon: subprocess.Popen[str]) -> str:
    if daemon.stdout is None:
        raise WireUnavailable("the D-Bus daemon says nothing")
    readable, _, _ = select.select([daemon.stdout], [], [], _START_TIMEOUT_S)
    address = daemon.stdout.readline().strip() if readable else ""
    if not address:
        raise WireUnavailable("the D-Bus daemon does not start")
    return address


def _stop(daemon: subprocess.Popen[str]) -> None:
    daemon.terminate()
    try:
        daemon.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()
    if daemon.stdout is not None:
        daemon.stdout.close()
