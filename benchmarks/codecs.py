"""How fast each codec turns bytes into values, and our TLV beside PyPI's.

Every codec is given one published frame, again and again, in the packets of a wire. The
TLV parsers are given one field 55 of 143 bytes with 20 tags, turn by turn in one run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ber_tlv.tlv import Tlv as BerTlv  # type: ignore[import-untyped]

from drivers.protocol import slip, tlv
from drivers.protocol.idtech_neo import frame
from drivers.protocol.idtech_neo import packets as neo_packets
from drivers.protocol.magtek_mms import message
from drivers.protocol.magtek_mms import packets as mms_packets
from drivers.protocol.magtek_mms.notifications import from_notification
from drivers.wires import WireKind

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".bench" / "emv"
EMV_PACKAGES = ("emv==1.0.14", "pycountry==24.6.1")
"""Without what emv needs for smart cards, which its parser does not use."""

SECONDS_A_TURN = 0.05
TURNS = 15
GOAL = {
    "tlv_to_ber_tlv": 5.0,
    "mms_slowest_per_s": 50_000.0,
    "neo_slowest_per_s": 50_000.0,
}
BLE_VALUE_BYTES = 244

FIELD_55 = bytes.fromhex(
    "82022020 8407A0000000031010 95050200008000 9A03261123 9C0100 "
    "5F2A020840 5F340101 9F0206000000001234 9F0306000000000000 9F0607A0000000031010 "
    "9F0902008C 9F100F06010A03A000000700000000000000 9F1A020840 9F1E084B4F4E5441385430 9F26080102030405060708 "
    "9F270180 9F3303E0F8C8 9F34031F0000 9F36020001 9F37049BADBCAB "
)
MMS_INSERTED = bytes.fromhex("AA00810483000101820410010200")
"""A notification: a card was inserted."""
NEO_ACTIVATE = bytes.fromhex(
    "5669564F746563683200024000221E9C01009F02060000000001009F0306000000000000"
    "DFEF370107DFEF3C0301006018D1"
)
"""A command: activate for 1.00 on all interfaces."""


def main() -> int:
    """Measure, and print one JSON object for programs."""
    install_emv()
    rates = measured(
        {
            "tlv": lambda: tlv.decode(FIELD_55),
            "ber_tlv": lambda: BerTlv.parse(FIELD_55),
            "emv": emv_parser(),
            **{f"mms_{kind}": mms_decoder(kind) for kind in WireKind},
            **{f"neo_{kind}": neo_decoder(kind) for kind in WireKind},
        }
    )
    figures = {f"{name}_per_s": round(rate) for name, rate in rates.items()}
    figures |= {
        f"{family}_slowest_per_s": min(figures[f"{family}_{k}_per_s"] for k in WireKind)
        for family in ("mms", "neo")
    }
    ratios = {
        "tlv_to_ber_tlv": round(rates["tlv"] / rates["ber_tlv"], 2),
        "tlv_to_emv": round(rates["tlv"] / rates["emv"], 2),
    }
    result: dict[str, Any] = {"name": "codecs", **figures, **ratios, "goal": GOAL}
    result["met"] = all(result[name] >= limit for name, limit in GOAL.items())
    print(json.dumps(result))
    return 0


def measured(codecs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Decodes a second of each: the best of its turns, taken one after the other."""
    best = dict.fromkeys(codecs, 0.0)
    for _ in range(TURNS):
        for name, decode in codecs.items():
            best[name] = max(best[name], rate_of(decode))
    return best


def rate_of(decode: Callable[[], object]) -> float:
    """Calls a second, over a short turn."""
    calls = 0
    started = time.perf_counter()
    end = started + SECONDS_A_TURN
    while time.perf_counter() < end:
        for _ in range(20):
            decode()
        calls += 20
    return calls / (time.perf_counter() - started)


def mms_decoder(kind: WireKind) -> Callable[[], object]:
    """From the packets of a wire to what a card did."""
    device, host = (
        mms_packets.packets_for(kind, packet_bytes=packet_bytes(kind), sends=sends)
        for sends in (slip.Direction.TO_HOST, slip.Direction.TO_DEVICE)
    )
    # One of each message counter, so that none is taken for a repetition.
    written = [device.split(MMS_INSERTED) for _ in range(256)]
    turn = iter(forever(written))

    def decode() -> object:
        for packet in next(turn):
            for body in host.feed(packet):
                decoded = message.decode(body)
                if isinstance(decoded, message.Notification):
                    return from_notification(decoded)
        raise RuntimeError("nothing was decoded")

    return decode


def neo_decoder(kind: WireKind) -> Callable[[], object]:
    """From the packets of a wire to a command."""
    reader, host = (
        neo_packets.packets_for(kind, packet_bytes=packet_bytes(kind)) for _ in range(2)
    )
    written = host.split(NEO_ACTIVATE)

    def decode() -> object:
        for packet in written:
            for body in reader.feed(packet):
                return frame.decode(body)
        raise RuntimeError("nothing was decoded")

    return decode


def packet_bytes(kind: WireKind) -> int | None:
    """The size of a packet on that kind of wire, where one must be said."""
    return BLE_VALUE_BYTES if kind is WireKind.BLE else None


def forever(values: Sequence[Sequence[bytes]]) -> Any:
    """The values, again and again."""
    while True:
        yield from values


def emv_parser() -> Callable[[], object]:
    """The parser of the package emv."""
    sys.path.append(str(PEERS))
    from emv.protocol.structures import TLV  # type: ignore[import-not-found]

    data = list(FIELD_55)
    return lambda: TLV.unmarshal(data)


def install_emv() -> None:
    """Put emv below .bench, once."""
    if (PEERS / "emv").exists():
        return
    command: list[str | Path] = [
        ROOT / ".tools" / "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
    ]
    subprocess.run([*command, "--target", PEERS, *EMV_PACKAGES], check=True)


if __name__ == "__main__":
    sys.exit(main())
