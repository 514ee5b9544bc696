"""The part of an update for which a reader is out of service: load, activate, confirm."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from agent.firmware.errors import FirmwareUnsupported
from agent.firmware.failures import (
    IMAGE_REFUSED,
    KEYS_CHANGED,
    LOAD_INTERRUPTED,
    READER_ABSENT,
    VERSION_UNCHANGED,
    VERSION_UNEXPECTED,
)
from agent.firmware.gates import Obstacle, has_power
from agent.firmware.key_digests import changed_keys, key_digests
from agent.firmware.record import UpdateRecord
from agent.firmware.states import UpdateState
from agent.firmware.workshop import InstallFailed, NotNow, Workshop
from agent.journal.update_entries import (
    ActivationStarted,
    ImageLoaded,
    InstallAwaited,
    LoadStarted,
    ReaderReturned,
    RestartAwaited,
    UpdateOutcome,
)
from agent.log import get_logger
from agent.readers.session import ReaderSession
from drivers.errors import DriverError, LocalError, ReaderRefused
from drivers.features import FirmwareLoader
from drivers.reader import Reader

log = get_logger(__name__)

MOST_LOADS = 5
"""How often an image is sent before its wire is given up."""
RESTART_BEGINS_WITHIN_S = 30.0
"""How long a reader takes to drop off the wire; a serial wire never shows it."""
MOST_CONFIRMATIONS = 20
CONFIRM_AGAIN_S = 1.0


async def update_reader(
    record: UpdateRecord, session: ReaderSession, workshop: Workshop
) -> None:
    """Bring the update on as far as it comes, with the reader reserved.

    Raises InstallFailed, NotNow, AgentError and DriverError; what the state then is
    says what is to be done next.
    """
    reader = session.reader
    if record.update.state is UpdateState.WAITING_WINDOW and reader is not None:
        await _load_and_activate(record, reader, workshop)
    if record.update.state in {UpdateState.ACTIVATING, UpdateState.REBOOTING}:
        await _await_restart(record, reader, session, workshop)
    if record.update.state is UpdateState.CONFIRMING:
        await _confirm(record, session, workshop)


async def _load_and_activate(
    record: UpdateRecord, reader: Reader, workshop: Workshop
) -> None:
    update_id, wanted = record.update.update_id, record.update.requested
    if reader.info.firmware_version == wanted.to_version:
        await record.add(ReaderReturned(update_id, wanted.to_version))
        return
    loader = reader.features.firmware
    if loader is None:
        raise FirmwareUnsupported("The reader takes no firmware from this agent.")
    await _check_power(record, reader)
    if record.update.loads == MOST_LOADS:
        raise InstallFailed(
            LOAD_INTERRUPTED, f"The load was cut off {MOST_LOADS} times."
        )
    image = await workshop.catalog.read(digest=wanted.sha256, length=wanted.length)
    await record.add(LoadStarted(update_id, await key_digests(reader)))
    await _load(record, reader, loader, image=image)
    await record.add(ImageLoaded(update_id))
    await record.add(ActivationStarted(update_id))
    await _activate(record, loader, image=image)


async def _check_power(record: UpdateRecord, reader: Reader) -> None:
    gauge = reader.features.battery
    battery = None if gauge is None else await gauge.battery()
    needed = record.update.requested.min_battery_percent
    if not has_power(battery, min_percent=needed):
        raise NotNow(Obstacle.BATTERY)


async def _load(
    record: UpdateRecord, reader: Reader, loader: FirmwareLoader, *, image: bytes
) -> None:
    wanted = record.update.requested
    try:
        await loader.load(image, image_type=wanted.image_type, progress=record.loaded)
    except (ReaderRefused, LocalError) as refused:
        # LocalError: it cannot even be said in the reader's protocol, as when too long.
        raise InstallFailed(IMAGE_REFUSED, str(refused)) from refused
    except BaseException:
        # A wire left in the middle of an image is good for nothing but a new start.
        await reader.aclose()
        raise


async def _activate(
    record: UpdateRecord, loader: FirmwareLoader, *, image: bytes
) -> None:
    wanted = record.update.requested
    try:
        await loader.activate(image, image_type=wanted.image_type)
    except ReaderRefused as refused:
        raise InstallFailed(IMAGE_REFUSED, str(refused)) from refused
    except DriverError as error:
        # It may have heard of it all the same: the reader will tell by its version.
        log.warning("update.activation_unanswered", code=error.code)
    else:
        await record.add(RestartAwaited(wanted.update_id))


async def _await_restart(
    record: UpdateRecord,
    reader: Reader | None,
    session: ReaderSession,
    workshop: Workshop,
) -> None:
    """Look at the reader once it has restarted, or has had the time to.

    `reader` is the connection from before; None after a restart of the agent, which
    may have been quicker than the reader's.
    """
    wanted, state = record.update.requested, record.update.state
    reader = reader or await _present(session, workshop)
    if wanted.requires_reboot:
        with suppress(TimeoutError):
            async with asyncio.timeout(RESTART_BEGINS_WITHIN_S):
                await reader.wait_closed()
    await reader.aclose()
    back = await _present(session, workshop, after=reader)
    runs = back.info.firmware_version
    if state is UpdateState.ACTIVATING and runs == wanted.from_version:
        await record.add(InstallAwaited(wanted.update_id))
    else:
        await record.add(ReaderReturned(wanted.update_id, runs))


async def _present(
    session: ReaderSession, workshop: Workshop, *, after: Reader | None = None
) -> Reader:
    """The connection to the reader; raises InstallFailed where it stays away."""
    limit_s = workshop.settings.restart_timeout_s
    try:
        async with asyncio.timeout(limit_s):
            return await session.connected(after=after)
    except TimeoutError:
        raise InstallFailed(
            READER_ABSENT,
            f"The reader did not come back within {limit_s:g} s "
            f"({session.offline_reason}).",
        ) from None


async def _confirm(
    record: UpdateRecord, session: ReaderSession, workshop: Workshop
) -> None:
    """Compare version and keys with what they ought to be, and end the update."""
    wanted, runs = record.update.requested, record.update.firmware_version
    if runs is not None:
        await workshop.note_version(runs)
    if runs == wanted.from_version:
        await record.end(
            UpdateOutcome.ROLLED_BACK,
            code=VERSION_UNCHANGED,
            message=f"The reader came back with {runs}, as before.",
        )
        return
    if runs != wanted.to_version:
        raise InstallFailed(
            VERSION_UNEXPECTED,
            f"The reader came back with {runs} instead of {wanted.to_version}.",
        )
    changed = changed_keys(record.update.key_digests, await _set_up(session, workshop))
    if changed:
        raise InstallFailed(
            KEYS_CHANGED,
            f"The reader runs {runs}, but its keys changed: {', '.join(changed)}.",
        )
    await record.end(UpdateOutcome.DONE)


async def _set_up(session: ReaderSession, workshop: Workshop) -> dict[str, str]:
    """The digests of the reader's keys, once it is configured again."""
    reader: Reader | None = None
    for _ in range(MOST_CONFIRMATIONS):
        reader = await _present(session, workshop, after=reader)
        try:
            digests = await key_digests(reader)
            await workshop.configure(reader)
        except DriverError as error:
            log.warning("update.confirmation_interrupted", code=error.code)
            await reader.aclose()
            await workshop.clock.sleep(CONFIRM_AGAIN_S)
        else:
            return digests
    raise InstallFailed(READER_ABSENT, "The reader does not stay on its wire.")
