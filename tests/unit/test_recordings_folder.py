"""The agent's folder of recordings: whose files they are, how many, and how large."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import pytest
from agent_clock import StillClock

from agent.errors import SettingsInvalid
from agent.readers.recordings import RecordingLimits, Recordings
from drivers.profile import profile_named
from drivers.recording.format import Ended, Passed, read_recording
from drivers.transport.base import Transport
from drivers.transport.pipe import connected_pipes

CANCEL = bytes.fromhex("C0000000000CAA0081040101100884021008C0")
DYNAPROX = profile_named("magtek_dynaprox")


def recorded(recorder: Recordings) -> Transport:
    near, _ = connected_pipes()
    return recorder.record(near, DYNAPROX)


def on_a_full_disk(_: Path) -> TextIO:
    return Path("/dev/full").open("w", buffering=1)


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


async def test_connection_is_a_file_of_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "recordings"
    clock = StillClock()
    transport = recorded(Recordings(folder, clock=clock))

    await transport.write(CANCEL)
    clock.advance(1.5)
    await transport.aclose()

    (file,) = files(folder)
    assert file.name == "20261102T120000.123456Z-1-magtek_dynaprox.jsonl"
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )
    recording = read_recording(file.read_text())
    assert recording.header.model == "magtek_dynaprox"
    said, end = recording.entries
    assert isinstance(said, Passed)
    assert isinstance(end, Ended)
    assert end.at_s == 1.5


async def test_what_passed_is_on_the_disk_before_the_end(tmp_path: Path) -> None:
    transport = recorded(Recordings(tmp_path, clock=StillClock()))

    await transport.write(CANCEL)

    (file,) = files(tmp_path)
    assert len(read_recording(file.read_text()).entries) == 1
    await transport.aclose()


async def test_only_the_latest_are_kept(tmp_path: Path) -> None:
    limits = RecordingLimits(most_files=2)
    recorder = Recordings(tmp_path, clock=StillClock(), limits=limits)

    for _ in range(3):
        await recorded(recorder).aclose()

    assert [file.name.split("-")[1] for file in files(tmp_path)] == ["2", "3"]


async def test_recording_ends_where_it_is_full_and_the_reader_goes_on(
    tmp_path: Path,
) -> None:
    near, far = connected_pipes()
    limits = RecordingLimits(most_bytes=300)
    recorder = Recordings(tmp_path, clock=StillClock(), limits=limits)
    transport = recorder.record(near, DYNAPROX)

    for _ in range(9):
        await transport.write(CANCEL)

    assert await far.read() == CANCEL * 9
    (file,) = files(tmp_path)
    assert 200 < file.stat().st_size <= 300
    assert read_recording(file.read_text()).header.spec == "pipe:"
    await transport.aclose()


async def test_disk_that_is_full_ends_the_recording_and_nothing_else(
    tmp_path: Path,
) -> None:
    recorder = Recordings(tmp_path, clock=StillClock(), open_file=on_a_full_disk)
    transport = recorded(recorder)

    await transport.write(CANCEL)
    await transport.write(CANCEL)

    await transport.aclose()


async def test_folder_that_is_gone_lets_the_reader_be_used_unrecorded(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "recordings"
    recorder = Recordings(folder, clock=StillClock())
    folder.rmdir()
    near, _ = connected_pipes()

    assert recorder.record(near, DYNAPROX) is near


def test_folder_that_cannot_be_made_is_an_error_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsInvalid, match=r"readers\.recordings.*file/inner"):
        Recordings(tmp_path / "file" / "inner", clock=StillClock())
