"""The recordings in tests/recordings, taken through today's drivers once more."""

from __future__ import annotations

import pytest
from card_data_scanner import scan_folder
from recorded_payments import KEPT, RECORDINGS, replayed_payment
from virtual_time import in_virtual_time

from drivers.reader import OnlineRequested, TransactionFinished, Verdict
from drivers.recording.format import read_recording

VERDICTS = {
    "idtech_vp3300_tap": Verdict.DEFERRED,
    "magtek_dynaflex_ii_go_swipe": Verdict.APPROVED,
    "magtek_dynaprox_tap": Verdict.APPROVED,
}


@pytest.mark.parametrize(("name", "verdict"), VERDICTS.items())
@in_virtual_time
async def test_recorded_payment_ends_as_it_did(name: str, verdict: Verdict) -> None:
    recording = read_recording((RECORDINGS / f"{name}.jsonl").read_text())

    paid = await replayed_payment(recording)

    assert recording.header.model == KEPT[name][0]
    (asked,) = (event for event in paid.events if isinstance(event, OnlineRequested))
    assert asked.card.masked_track_2 is not None
    assert asked.card.masked_track_2.startswith(";4000")
    assert isinstance(paid.events[-1], TransactionFinished)
    assert paid.events[-1].verdict is verdict


def test_every_recording_is_replayed() -> None:
    recorded = {path.stem for path in RECORDINGS.iterdir()}

    assert recorded == KEPT.keys() == VERDICTS.keys()


def test_no_recording_here_holds_card_data() -> None:
    assert [str(finding) for finding in scan_folder(RECORDINGS)] == []
