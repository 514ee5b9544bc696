"""Every code of docs/errors.md that an update of a reader's firmware can meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from agent_clock import StillClock
from asgi_client import Answer
from code_scenes import Scenario, at_the_till, code_of
from firmware_attacks import (
    Attack,
    mix_old_targets_in,
    show_the_old_state,
    sign_with_another_key,
    talk_nonsense,
    talk_without_end,
    trust_again,
)
from firmware_repository import IMAGE, PublishedRepository, Targets, published
from flow_agent import Agent, Stack, good, running_agent
from flow_cables import Hardware
from flow_world import running_world
from updatable_reader import SPEC, Device, erased

from agent.events import UpdateProgress
from agent.settings import FirmwareSettings

VP3300 = Hardware("idtech_vp3300")
CHECK = {"action": "check"}
INSTALL = {"action": "install", "start": "now"}
SOME_EBIBYTES = 2**60


@dataclass(frozen=True)
class Workshop:
    """An agent, a device on its port, and an operator's repository."""

    agent: Agent
    reader: str
    device: Device
    repository: PublishedRepository

    def publish(self, version: str = "2.0", **terms: object) -> str:
        """An image that the device's vendor has signed; its name."""
        content = IMAGE + version.encode()
        self.device.images[sha256(content).hexdigest()] = version
        return self.repository.add(version, content, **terms)

    async def ask(self, form: dict[str, str], **more: str) -> Answer:
        """Check, install or cancel."""
        path = f"/agent/readers/{self.reader}/firmware"
        return await self.agent.rest.post(path, {**form, **more})

    async def refused(self, form: dict[str, str], **more: str) -> str:
        """The code of the refusal."""
        return code_of(await self.ask(form, **more))

    async def ended(self) -> str:
        """Install the newest image; the failure code with which that ends."""
        with self.agent.events.listen() as events:
            update = good(await self.ask(INSTALL))["update"]
            while update["state"] not in {"done", "failed", "rolled_back"}:
                await events.get()
                update = await self.update()
        return str(update["failure_code"])

    async def update(self) -> Any:
        """The update as it is."""
        path = f"/agent/readers/{self.reader}/firmware"
        return good(await self.agent.rest.get(path))["update"]

    async def reaches(self, state: str) -> None:
        """Install the newest image, and return once the update is in this state."""
        with self.agent.events.listen() as events:
            good(await self.ask(INSTALL))
            while True:
                event = await events.get()
                if isinstance(event, UpdateProgress) and event.state == state:
                    return


@asynccontextmanager
async def workshop(
    folder: Path, *, device: Device, published_ago: timedelta, **settings: object
) -> AsyncIterator[Workshop]:
    clock = StillClock()
    clock.advance(-published_ago.total_seconds())
    repository = published(folder, clock)
    said = {"repository": str(repository.folder), "root_file": repository.root}
    firmware = FirmwareSettings.model_validate({**said, **settings})
    async with (
        running_world() as world,
        running_agent(
            world, folder / "agent", firmware=firmware, open_reader=device.open
        ) as agent,
    ):
        yield Workshop(agent, await agent.register(SPEC), device, repository)


def at_work(
    act: Callable[[Workshop], Awaitable[str]],
    *,
    device: Callable[[], Device] = Device,
    published_ago: timedelta = timedelta(),
    **settings: object,
) -> Scenario:
    """With such a device and such settings."""

    async def scenario(folder: Path) -> str:
        async with workshop(
            folder, device=device(), published_ago=published_ago, **settings
        ) as shop:
            return await act(shop)

    return scenario


def attacked(attack: Attack) -> Scenario:
    """A check of a repository to which this was done."""

    async def act(shop: Workshop) -> str:
        shop.publish("1.5")
        kept = shop.repository.copy()
        shop.publish("2.0")
        if attack is show_the_old_state:
            good(await shop.ask(CHECK))
        attack(shop.repository, kept)
        return await shop.refused(CHECK)

    return at_work(act)


def unsuitable(**terms: object) -> Scenario:
    """An image on these terms, asked for by its name."""

    async def act(shop: Workshop) -> str:
        name = shop.publish(**terms)  # type: ignore[arg-type]
        return await shop.refused(INSTALL, image=name)

    return at_work(act)


def ends(prepare: Callable[[Device], None]) -> Scenario:
    """How the update of a device ends to which this happens."""

    async def act(shop: Workshop) -> str:
        shop.publish()
        prepare(shop.device)
        return await shop.ended()

    return at_work(act)


async def checks(shop: Workshop) -> str:
    return await shop.refused(CHECK)


async def names_no_bundle(shop: Workshop) -> str:
    return await shop.refused(CHECK, bundle=str(shop.repository.folder / "no-such"))


async def names_no_image(shop: Workshop) -> str:
    return await shop.refused(INSTALL, image="magtek_dynaprox/9.9.bin")


async def has_no_room(shop: Workshop) -> str:
    shop.publish()

    def swell(targets: Targets) -> None:
        (target,) = targets.targets.values()
        target.length = SOME_EBIBYTES

    shop.repository.forge(Targets, swell)
    trust_again(shop.repository)
    return await shop.ended()


async def was_changed_since_it_was_signed(shop: Workshop) -> str:
    shop.publish()
    file = shop.repository.file("targets/*/*.bin")
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    return await shop.ended()


async def asks_for_two(shop: Workshop) -> str:
    shop.publish()
    shop.device.hangs_at = 1
    await shop.reaches("loading")
    return await shop.refused(INSTALL)


async def cancels_in_time(shop: Workshop) -> str:
    shop.publish()
    shop.device.hangs_at = 1
    await shop.reaches("loading")
    good(await shop.ask({"action": "cancel"}))
    return str((await shop.update())["failure_code"])


async def cancels_too_late(shop: Workshop) -> str:
    shop.publish()
    shop.device.comes_back = False
    await shop.reaches("activating")
    return await shop.refused({"action": "cancel"})


async def asks_a_reader_without_loader(stack: Stack) -> str:
    path = f"/agent/readers/{stack.reader}/firmware"
    return code_of(await stack.agent.rest.post(path, CHECK))


def cuts_always(device: Device) -> None:
    device.cuts_at = list(range(10_000))


def refuses_to_run(device: Device) -> None:
    device.refuses_to_run = True


def stays_away(device: Device) -> None:
    device.comes_back = False


def comes_back_as(version: str) -> Callable[[Device], None]:
    def prepare(device: Device) -> None:
        device.comes_back_as = version

    return prepare


def loses_its_keys(device: Device) -> None:
    device.comes_back_with = erased()


FIRMWARE: dict[str, Scenario] = {
    "firmware_update_unsupported": at_the_till(
        asks_a_reader_without_loader, hardware=VP3300
    ),
    "firmware_not_configured": at_work(checks, root_file=None),
    "firmware_repository_unreachable": at_work(checks, repository="http://127.0.0.1:1"),
    "firmware_bundle_unreadable": at_work(names_no_bundle),
    "firmware_disk_full": at_work(has_no_room, max_image_bytes=SOME_EBIBYTES),
    "firmware_metadata_expired": at_work(checks, published_ago=timedelta(days=31)),
    "firmware_metadata_rolled_back": attacked(show_the_old_state),
    "firmware_metadata_mixed": attacked(mix_old_targets_in),
    "firmware_metadata_unsigned": attacked(sign_with_another_key),
    "firmware_metadata_invalid": attacked(talk_nonsense),
    "firmware_download_too_large": attacked(talk_without_end),
    "firmware_image_missing": at_work(names_no_image),
    "firmware_image_damaged": at_work(was_changed_since_it_was_signed),
    "firmware_wrong_model": unsuitable(device_model="magtek_dynaflex"),
    "firmware_wrong_hardware": unsuitable(hardware_min="3"),
    "firmware_wrong_from_version": unsuitable(from_versions=["1.8"]),
    "firmware_not_newer": unsuitable(version="0.5"),
    "firmware_update_in_progress": at_work(asks_for_two),
    "firmware_update_too_late": at_work(cancels_too_late),
    "firmware_update_canceled": at_work(cancels_in_time),
    "firmware_image_refused": ends(refuses_to_run),
    "firmware_load_interrupted": ends(cuts_always),
    "firmware_reader_absent": ends(stays_away),
    "firmware_version_unchanged": ends(comes_back_as("1.0")),
    "firmware_version_unexpected": ends(comes_back_as("1.5")),
    "firmware_keys_changed": ends(loses_its_keys),
}
