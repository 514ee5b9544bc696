"""Coverage-guided fuzzing of every decoder that reads what a device sends.

`make fuzz` gives each target so many seconds of atheris and prints one JSON object with
the executions. A target is a function of bytes: whatever they are, it returns or raises
the tree of DriverError, and a stream is found again after any noise.
"""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ATHERIS = ROOT / ".bench" / "atheris"
PACKAGE = "atheris==3.0.0"
SECONDS = 30
LONGEST_INPUT_BYTES = 2048

Target = Callable[[bytes], None]

MMS_GOOD = bytes.fromhex("AA00810483000101820410010200")
NEO_GOOD = bytes.fromhex("5669564F7465636832001800 0000FA83")


def main(arguments: list[str]) -> int:
    """`fuzz_decoders.py [SECONDS]`, or with a target's name: that one, for ever."""
    if arguments and not arguments[0].isdecimal():
        fuzz(arguments[0], arguments[1:])
    seconds = int(arguments[0]) if arguments else SECONDS
    install_atheris()
    with tempfile.TemporaryDirectory(prefix="cardlane-fuzz-") as folder:
        corpus = Path(folder)
        write_corpus(corpus)
        found = {name: executions(name, corpus, seconds) for name in TARGETS}
    print(json.dumps({"name": "fuzz", "seconds_each": seconds, "executions": found}))
    return 1 if None in found.values() else 0


def executions(name: str, corpus: Path, seconds: int) -> int | None:
    """How often the target ran without a finding; None, and the finding, otherwise."""
    own = corpus.parent / f"{corpus.name}-{name}"
    own.mkdir()
    command: list[str | Path] = [sys.executable, Path(__file__), name, own, corpus]
    limits = [f"-max_total_time={seconds}", f"-max_len={LONGEST_INPUT_BYTES}"]
    run = subprocess.run(
        [*command, *limits, f"-artifact_prefix={own}/"],
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds + 120,
    )
    counted = re.search(r"Done (\d+) runs", run.stderr)
    if run.returncode or counted is None:
        print(f"{name}:\n{run.stdout}{run.stderr}", file=sys.stderr)
        return None
    print(f"fuzz: {name}: {int(counted[1]):,} executions", file=sys.stderr)
    return int(counted[1])


def fuzz(name: str, options: list[str]) -> None:
    """Run one target under atheris; ends the process."""
    sys.path[:0] = [str(ROOT), str(ATHERIS)]
    # By name: it is not among the locked dependencies, which checks can see.
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["drivers"]):
        target = TARGETS[name]()
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


def tlv_target() -> Target:
    """TLV lists, and their encoding once decoded."""
    from drivers.errors import TlvError
    from drivers.protocol import dol, tlv

    def run(data: bytes) -> None:
        try:
            objects = tlv.decode(data)
        except TlvError:
            return
        if tlv.decode(tlv.encode(objects)) != objects:
            raise AssertionError("what was decoded does not encode to itself")
        try:
            dol.decode_dol(data)
        except TlvError:
            return

    return run


def mms_packets_target(kind: str) -> Callable[[], Target]:
    """Packets of one kind of wire; the first byte of the input cuts the rest."""

    def build() -> Target:
        from drivers.protocol import slip
        from drivers.protocol.magtek_mms.packets import packets_for
        from drivers.wires import WireKind

        def run(data: bytes) -> None:
            host, device = (
                packets_for(WireKind(kind), packet_bytes=244, sends=sends)
                for sends in (slip.Direction.TO_DEVICE, slip.Direction.TO_HOST)
            )
            for piece in pieces(data):
                host.feed(piece)
            # Twice: the first may be taken for the rest of what the noise began.
            sent = [device.split(MMS_GOOD), device.split(MMS_GOOD)]
            heard = [body for split in sent for p in split for body in host.feed(p)]
            if MMS_GOOD not in heard:
                raise AssertionError("a good message was not found after noise")

        return run

    return build


def mms_messages_target() -> Target:
    """Messages, and everything that can be inside."""
    from drivers.errors import DriverError
    from drivers.protocol.magtek_mms import card_data, message, notifications
    from drivers.protocol.magtek_mms.commands import from_request

    blobs = (card_data.decode_arqc, card_data.decode_batch, card_data.decode_arpc)

    def run(data: bytes) -> None:
        for decode in blobs:
            attempt(decode, data, DriverError)
        decoded = attempt(message.decode, data, DriverError)
        if isinstance(decoded, message.Notification):
            notice = attempt(notifications.from_notification, decoded, DriverError)
            if isinstance(notice, notifications.CardData):
                for decode in blobs:
                    attempt(decode, notice.blob, DriverError)
        if isinstance(decoded, message.Request):
            attempt(from_request, decoded, DriverError)
        if decoded is not None and message.decode(message.encode(decoded)) != decoded:
            raise AssertionError("what was decoded does not encode to itself")

    return run


def neo_packets_target(kind: str) -> Callable[[], Target]:
    """Frames on one kind of wire; the first byte of the input cuts the rest."""

    def build() -> Target:
        from drivers.protocol.idtech_neo.packets import packets_for
        from drivers.wires import WireKind

        def run(data: bytes) -> None:
            packets = packets_for(WireKind(kind), packet_bytes=244)
            for piece in pieces(data):
                packets.feed(piece)
            # As a host does when nothing has come for a while.
            packets.resynchronise()
            heard = [
                frame for p in packets.split(NEO_GOOD) for frame in packets.feed(p)
            ]
            if NEO_GOOD not in heard:
                raise AssertionError("a good frame was not found after noise")

        return run

    return build


def neo_frames_target() -> Target:
    """Frames, and everything that can be inside."""
    from drivers.errors import DriverError
    from drivers.protocol.idtech_neo import (
        card_answer,
        commands,
        display,
        encrypted_tlv,
        events,
        frame,
        issuer_data,
        msr_block,
    )

    inside = (
        card_answer.decode_card_answer,
        encrypted_tlv.decode_objects,
        msr_block.decode,
        msr_block.parse,
        display.decode_display,
        issuer_data.decode_issuer_data,
    )

    def run(data: bytes) -> None:
        for decode in inside:
            attempt(decode, data, DriverError)
        if not data:
            return
        given = frame.Frame(data[0], data[1] if len(data) > 1 else 0, data[2:])
        attempt(commands.from_frame, given, DriverError)
        attempt(events.from_frame, given, DriverError)
        attempt(frame.decode, data, DriverError)

    return run


def attempt(decode: Callable[[Any], Any], given: Any, known: type[Exception]) -> Any:
    """What `decode` returns; None for an error it may raise."""
    try:
        return decode(given)
    except known:
        return None


def pieces(data: bytes) -> Iterator[bytes]:
    """The input as packets: each one as long as the byte before it says."""
    position = 0
    while position < len(data):
        size = data[position]
        yield data[position + 1 : position + 1 + size]
        position += 1 + size


TARGETS: dict[str, Callable[[], Target]] = {
    "tlv": tlv_target,
    "mms_stream": mms_packets_target("stream"),
    "mms_hid": mms_packets_target("hid"),
    "mms_ble": mms_packets_target("ble"),
    "mms_messages": mms_messages_target,
    "neo_stream": neo_packets_target("stream"),
    "neo_hid": neo_packets_target("hid"),
    "neo_frames": neo_frames_target,
}


def write_corpus(folder: Path) -> None:
    """Begin with every published frame, by itself and as one packet."""
    for path in sorted((ROOT / "tests" / "vectors").glob("*.toml")):
        document = tomllib.loads(path.read_text())
        for number, data in enumerate(hex_strings(document)):
            (folder / f"{path.stem}-{number}").write_bytes(data)
            packet = bytes((min(len(data), 255),)) + data
            (folder / f"{path.stem}-{number}-packet").write_bytes(packet)


def hex_strings(value: Any) -> Iterator[bytes]:
    """Every string in a document that is bytes written as hex."""
    match value:
        case dict():
            for item in value.values():
                yield from hex_strings(item)
        case list():
            for item in value:
                yield from hex_strings(item)
        case str() if re.fullmatch(r"\s*([0-9A-Fa-f]{2}\s*)+", value):
            yield bytes.fromhex(value)


def install_atheris() -> None:
    """Put atheris below .bench, once; it has wheels for the newer Pythons on x86-64."""
    if (ATHERIS / "atheris").exists():
        return
    command: list[str | Path] = [ROOT / ".tools" / "uv", "pip", "install", "--quiet"]
    subprocess.run([*command, "--target", ATHERIS, PACKAGE], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
