"""Entries of firmware updates for tests: one of each kind, and any of them at random."""

from __future__ import annotations

from hypothesis import strategies as st

from agent.ids import ReaderId, UpdateId
from agent.journal.update_entries import (
    ActivationStarted,
    ImageDownloaded,
    ImageLoaded,
    ImageVerified,
    InstallAwaited,
    LoadProgressed,
    LoadStarted,
    ReaderReturned,
    RestartAwaited,
    UpdateEnded,
    UpdateEntry,
    UpdateOutcome,
    UpdateRequested,
)

UPDATE = UpdateId("upd_1")
READER = ReaderId("tmr_1")


def update_requested(
    update_id: UpdateId = UPDATE, reader_id: ReaderId = READER
) -> UpdateRequested:
    """The first entry of an update."""
    return UpdateRequested(
        update_id=update_id,
        reader_id=reader_id,
        serial_number="B50",
        asked_by="lk_1",
        image="magtek_dynaprox/2.0.bin",
        sha256="9f" * 32,
        length=4096,
        image_type=1,
        from_version="1.0",
        to_version="2.0",
        requires_reboot=True,
        min_battery_percent=30,
        bundle=None,
        waits_for_window=True,
    )


def update_ended(
    update_id: UpdateId = UPDATE, outcome: UpdateOutcome = UpdateOutcome.DONE
) -> UpdateEnded:
    """The last entry of an update."""
    return UpdateEnded(update_id, outcome, "2.0", None, None)


ONE_OF_EACH: tuple[UpdateEntry, ...] = (
    update_requested(),
    ImageDownloaded(UPDATE),
    ImageVerified(UPDATE),
    InstallAwaited(UPDATE),
    LoadStarted(UPDATE, {"data": "9f" * 32}),
    LoadProgressed(UPDATE, 2048),
    ImageLoaded(UPDATE),
    ActivationStarted(UPDATE),
    RestartAwaited(UPDATE),
    ReaderReturned(UPDATE, "2.0"),
    update_ended(),
)

any_update_entry: st.SearchStrategy[UpdateEntry] = st.one_of(
    *(st.from_type(type(entry)) for entry in ONE_OF_EACH)
)
