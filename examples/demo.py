"""The whole of Cardlane on one machine, without hardware, account or internet.

Starts a simulated reader on a real tty, a simulated Stripe and the agent; takes an
approved and a declined payment and shows what each side sees. Everything it writes is
in .demo/ of this checkout. Stays up where standard input is a terminal.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from examples.launch import (
    AgentFolder,
    Simulator,
    agent,
    agent_folder,
    port_or_free,
    simulator,
)

FOLDER = Path(__file__).resolve().parent.parent / ".demo"
SIMULATOR_PORT = 12111
AGENT_PORT = 7345


def main() -> int:
    """Run the demo; 0 where both payments ended as they should."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with (
        simulator(FOLDER, port=port_or_free(SIMULATOR_PORT)) as world,
        running_agent(world) as home,
    ):
        heading("What runs")
        tell("Stripe", f"simulated, at {world.url}")
        tell("reader", f"a simulated DynaProx on {shown(world.folder / 'counter')}")
        tell("agent", f"at {home.url}, journal in {shown(FOLDER / 'state')}")
        register_reader(world, home)
        heading("A card that is approved")
        approved = take_payment(world, home, card="visa_approved", amount="12.34")
        heading("A card that is declined")
        declined = take_payment(world, home, card="visa_declined", amount="20.00")
        show_journal(home)
        is_as_promised = (approved, declined) == (0, 1)
        if is_as_promised and sys.stdin.isatty():
            stay_up(world, home)
    return 0 if is_as_promised else 1


@contextmanager
def running_agent(world: Simulator) -> Iterator[AgentFolder]:
    """The agent with a key for the command line, and a Location to take payments at."""
    home = agent_folder(
        FOLDER,
        stripe_url=world.url,
        port=port_or_free(AGENT_PORT),
        settings=f'[readers]\nserial_ports = ["{world.folder / "counter"}"]\n',
    )
    with agent(home):
        run(home.command("keys", "create", "--cli"), quiet=True)
        yield home


def register_reader(world: Simulator, home: AgentFolder) -> None:
    """Find the reader and make it known to the agent."""
    heading("The reader is found and registered")
    run(home.command("readers", "discover"))
    location = world.stripe(
        "/v1/terminal/locations",
        {
            "display_name": "Corner shop",
            "address": {
                "line1": "1 Main Street",
                "city": "Springfield",
                "state": "IL",
                "postal_code": "62701",
                "country": "US",
            },
        },
    )
    code = world.registration_code
    run(home.command("readers", "register", code, "--location", location["id"]))


def take_payment(world: Simulator, home: AgentFolder, *, card: str, amount: str) -> int:
    """One payment, and what the other sides saw of it; the command's exit status."""
    world.when_asked_present(card)
    world.control("DELETE", "/simulator/requests")
    before = len(screens(world))
    tell("customer", f"will insert the card {card} when the reader asks")
    status = run(home.command("pay", amount, "usd"))
    for screen in screens(world)[before:]:
        tell("reader", f"showed {' / '.join(screen['screen'])}")
    for request in world.control("GET", "/simulator/requests")["data"]:
        tell("Stripe", f"{request['method']} {request['path']} → {request['status']}")
    return status


def screens(world: Simulator) -> list[dict[str, Any]]:
    """What the reader has shown so far, oldest first."""
    reader = world.control("GET", "/simulator/readers/counter")
    history: list[dict[str, Any]] = reader["history"]
    return history


def show_journal(home: AgentFolder) -> None:
    """What the agent has written down, and that nobody changed it."""
    heading("What the agent wrote down before and after every step")
    run(home.command("journal", "show"))
    run(home.command("journal", "verify"))


def stay_up(world: Simulator, home: AgentFolder) -> None:
    """Say what to try, and wait for Ctrl-C."""
    config = shown(home.config)
    heading("Try it yourself, in another terminal; Ctrl-C here ends it all")
    for line in (
        f".venv/bin/cardlane pay 5.00 usd --config {config}",
        f".venv/bin/cardlane readers list --config {config}",
        f".venv/bin/cardlane journal show --config {config}",
        f".venv/bin/cardlane doctor --config {config}",
        f"curl -s {world.url}/simulator/readers/counter",
        f"curl -s {world.url}/simulator/cards",
    ):
        print(f"  {line}")
    world.when_asked_present("visa_approved")
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()


def run(command: Sequence[str], *, quiet: bool = False) -> int:
    """Run a command as a person would, and show it with what it prints."""
    if quiet:
        return subprocess.run(command, check=True, capture_output=True).returncode
    print(f"  $ cardlane {' '.join(map(shown, command[1:]))}", flush=True)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as popen:
        for line in popen.stdout or ():
            print(f"      {line}", end="", flush=True)
    return popen.returncode


def heading(text: str) -> None:
    """What comes next."""
    print(f"\n{text}\n", flush=True)


def tell(who: str, what: str) -> None:
    """One side's view."""
    print(f"  {who:<9} {what}", flush=True)


def shown(path: Path | str) -> str:
    """A path as one types it in the checkout."""
    return str(path).replace(f"{FOLDER.parent}/", "")


if __name__ == "__main__":
    sys.exit(main())
