"""The `cardlane-simulator` command, started as people start it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from simulator.reader.firmware_image import open_image

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "simulator")
PATIENCE_S = 20
READY = re.compile(r"cardlane-simulator ready http://127\.0\.0\.1:(\d+)(.*)\n")


@dataclass(frozen=True)
class Running:
    """A simulator that has said it is ready."""

    process: subprocess.Popen[str]
    port: int
    wires: str

    def get(self, path: str, *, key: str = "sk_test_anything") -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        content = json.loads(response.read())
        connection.close()
        return response.status, content

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = READY.fullmatch(process.stdout.readline())
        assert ready is not None
        yield Running(process, int(ready[1]), ready[2].strip())
    finally:
        process.kill()
        process.communicate()


def refused(*arguments: str) -> str:
    """What a start that fails says: one line, and exit code 2."""
    ended = subprocess.run(
        [*COMMAND, "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("cardlane-simulator: ")
    assert ended.stderr.count("\n") == 1
    return ended.stderr


def test_one_line_says_where_everything_is(tmp_path: Path) -> None:
    port = tmp_path / "till1"

    with running("--reader", f"till1=pty:{port}") as simulator:
        assert simulator.wires == f"till1=pty:{port}"
        assert port.is_char_device()
        assert simulator.get("/simulator/health") == (
            200,
            {"status": "ok", "readers": 1, "connected_readers": 1},
        )
        assert simulator.get("/v1/payment_intents")[0] == 200


def test_each_reader_may_be_of_its_own_model(tmp_path: Path) -> None:
    own = f"till1=magtek_dynaprox@pty:{tmp_path / 'till@1'}"

    with running("--reader", own, "--reader", "till2=tcp:127.0.0.1:0") as simulator:
        _, readers = simulator.get("/simulator/readers")

    assert [(each["model"], each["wire"][:4]) for each in readers["data"]] == [
        ("magtek_dynaprox", "pty:"),
        ("magtek_dynaprox", "tcp:"),
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_leaves_no_port(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = tmp_path / "till1"

    with running("--reader", f"till1=pty:{port}") as simulator:
        simulator.get("/simulator/health")
        assert simulator.stop(number) == 0

    assert not port.is_symlink()


def test_only_the_given_key_is_accepted() -> None:
    with running("--secret-key", "sk_test_mine") as simulator:
        answers = [
            simulator.get("/v1/payment_intents", key=key)[0]
            for key in ("sk_test_mine", "sk_test_other")
        ]

    assert answers == [200, 401]


def test_cards_of_ones_own_are_known(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        "[own]\n"
        'about = "Mine."\nbrand = "visa"\nfunding = "debit"\ncountry = "IE"\n'
        'expires = "2031-05"\nnumber = "4761739001010010"\n'
        'application_id = "A0000000031010"\napplication_label = "VISA"\n'
        'preferred_name = "Visa"\n'
    )

    with running("--cards", str(tmp_path)) as simulator:
        listed = simulator.get("/simulator/cards")[1]["data"]

    assert listed[-1]["name"] == "own"


def test_a_taken_port_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        complaint = refused("--port", str(port))

    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in complaint


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--host", "0.0.0.0"), "0.0.0.0 is no loopback address"),  # noqa: S104 - refused
        (("--host", "example.com"), "--allow-remote"),
        (("--reader", "t=tcp:0.0.0.0:1"), "0.0.0.0 is no loopback address"),
        (("--reader", "t=usbip:0.0.0.0:1"), "0.0.0.0 is no loopback address"),
        (("--reader", "till1"), "write NAME=WIRE"),
        (
            ("--reader", "till1=usb:1"),
            "none of pty:PATH, tcp:HOST:PORT, usbip:HOST:PORT",
        ),
        (("--reader", "t=pty:/tmp/x", "--model", "x"), "no reader model 'x'"),
    ],
)
def test_what_cannot_be_started_is_refused(
    *, arguments: tuple[str, ...], complaint: str
) -> None:
    assert complaint in refused("--port", "0", *arguments)


def test_a_port_that_cannot_be_offered_leaves_none_of_the_others(
    tmp_path: Path,
) -> None:
    good, bad = tmp_path / "good", tmp_path / "missing" / "bad"

    complaint = refused(
        "--port", "0", "--reader", f"a=pty:{good}", "--reader", f"b=pty:{bad}"
    )

    assert "No such file or directory" in complaint
    assert not good.is_symlink()


def test_an_address_of_ipv6_is_shown_in_brackets() -> None:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--host", "::1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert "ready http://[::1]:" in process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def test_the_cards_can_be_listed() -> None:
    listing = subprocess.run(
        [*COMMAND, "cards"], capture_output=True, text=True, check=True
    ).stdout

    assert "visa_approved" in listing
    assert "4242424242424242" not in listing


def test_firmware_can_be_made_for_a_model(tmp_path: Path) -> None:
    image = tmp_path / "image.bin"

    made = firmware("magtek_dynaflex", "2.0", str(image), "--size", "100")

    assert made.returncode == 0
    opened = open_image(image.read_bytes())
    assert (opened.model, opened.version) == ("magtek_dynaflex", "2.0")
    assert len(opened.code) == 100


@pytest.mark.parametrize(
    ("model", "version", "complaint"),
    [("x", "2.0", "no reader model 'x'"), ("magtek_dynaflex", "", "a version is")],
)
def test_firmware_for_nothing_is_not_made(
    tmp_path: Path, *, model: str, version: str, complaint: str
) -> None:
    image = tmp_path / "image.bin"

    made = firmware(model, version, str(image))

    assert made.returncode == 2
    assert complaint in made.stderr
    assert not image.exists()


def firmware(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "firmware", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
