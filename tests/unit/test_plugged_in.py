"""The ledger of what is plugged in: no news is told twice, and none is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from drivers.discovery.candidates import PortAdded, PortChange, PortRemoved
from drivers.discovery.plugged_in import PluggedIn, SystemDevice, UsbFacts
from drivers.discovery.usb_ids import UsbIds, known_usb_ids
from drivers.profile import UsbId, parse_profile

READER, LOADER, OTHER = UsbId(0x1209, 1), UsbId(0x1209, 2), UsbId(0x1209, 3)
ON_SERIAL = UsbId(0x1209, 4)


def profile(name: str, port: str, reader: UsbId, loader: UsbId) -> str:
    return f"""
        name = "{name}"
        vendor = "Acme"
        model = "One"
        family = "acme"
        verified = "simulator"
        ports = ["{port}"]
        capabilities = {{input_options = [], chip_flows = [], has_display = false}}
        [[usb]]
        vendor_id = {reader.vendor_id}
        product_id = {reader.product_id}
        [[boot_loader]]
        vendor_id = {loader.vendor_id}
        product_id = {loader.product_id}
    """


def ids() -> UsbIds:
    return known_usb_ids(
        [
            parse_profile("one", profile("one", "usb", READER, LOADER)),
            parse_profile("two", profile("two", "serial", ON_SERIAL, LOADER)),
            parse_profile("three", profile("three", "usb", READER, LOADER)),
        ]
    )


def usb_device(
    path: str,
    usb_id: UsbId = READER,
    *,
    serial_number: str | None = None,
    number: str = "1",
) -> SystemDevice:
    facts = UsbFacts(usb_id, path=path, number=number, serial_number=serial_number)
    return SystemDevice(f"/sys/{path}", None, facts)


def specs(changes: Sequence[PortChange]) -> list[str]:
    return [
        f"+{change.candidate.spec}"
        if isinstance(change, PortAdded)
        else f"-{change.spec}"
        for change in changes
    ]


def test_reader_is_named_by_its_serial_number_or_else_by_its_place() -> None:
    plugged_in = PluggedIn(ids())

    told = [
        *plugged_in.add(usb_device("1-1", serial_number="A/1")),
        *plugged_in.add(usb_device("1-2")),
        *plugged_in.add(usb_device("1-3.4", serial_number="A/1")),
    ]

    assert specs(told) == [
        "+usb:1209:0001:A%2F1",
        "+usb:1209:0001?path=1-2",
        "+usb:1209:0001?path=1-3.4",
    ]


def test_what_no_profile_has_on_usb_is_no_candidate() -> None:
    plugged_in = PluggedIn(ids())

    told = [
        *plugged_in.add(usb_device("1-1", OTHER)),
        *plugged_in.add(usb_device("1-2", ON_SERIAL)),
        *plugged_in.add(SystemDevice("/sys/1-3", None, None)),
        *plugged_in.remove("/sys/1-1"),
    ]

    assert told == []


def test_first_profile_names_the_model() -> None:
    told = PluggedIn(ids()).add(usb_device("1-1"))

    assert [each.candidate.model for each in told if isinstance(each, PortAdded)] == [
        "one"
    ]


def test_every_serial_port_is_a_candidate() -> None:
    plugged_in = PluggedIn(ids())
    on_usb = usb_device("1-2", ON_SERIAL, serial_number="S").usb

    told = [
        *plugged_in.add(SystemDevice("/sys/a", "/dev/rfcomm0", None)),
        *plugged_in.add(SystemDevice("/sys/b", "/dev/ttyACM0", on_usb)),
    ]

    assert specs(told) == ["+serial:/dev/rfcomm0", "+serial:/dev/ttyACM0"]
    assert [each.candidate.model for each in told if isinstance(each, PortAdded)] == [
        None,
        "two",
    ]


def test_reader_back_before_its_going_was_told_is_told_twice() -> None:
    plugged_in = PluggedIn(ids())
    plugged_in.add(usb_device("1-1", serial_number="A", number="4"))

    told = plugged_in.add(usb_device("1-1", serial_number="A", number="5"))

    assert specs(told) == ["-usb:1209:0001:A", "+usb:1209:0001:A"]


DEVICES = st.builds(
    usb_device,
    st.sampled_from(["1-1", "1-2", "1-3"]),
    st.sampled_from([READER, LOADER, OTHER]),
    serial_number=st.sampled_from([None, "A", "B"]),
    number=st.sampled_from(["1", "2"]),
)
Step = Callable[[PluggedIn], list[PortChange]]


def added(device: SystemDevice, plugged_in: PluggedIn) -> list[PortChange]:
    return plugged_in.add(device)


def removed(sys_path: str, plugged_in: PluggedIn) -> list[PortChange]:
    return plugged_in.remove(sys_path)


def replaced(devices: list[SystemDevice], plugged_in: PluggedIn) -> list[PortChange]:
    return plugged_in.replace(devices)


STEPS = st.lists(
    st.one_of(
        DEVICES.map(lambda device: partial(added, device)),
        st.sampled_from(["/sys/1-1", "/sys/1-2"]).map(
            lambda path: partial(removed, path)
        ),
        st.lists(DEVICES, max_size=3).map(lambda devices: partial(replaced, devices)),
    )
)


@given(STEPS)
def test_who_follows_the_news_knows_what_is_there(steps: list[Step]) -> None:
    plugged_in = PluggedIn(ids())
    there: set[str] = set()
    for change in (change for step in steps for change in step(plugged_in)):
        match change:
            case PortAdded(candidate):
                assert candidate.spec not in there
                there.add(candidate.spec)
            case PortRemoved(spec):
                there.remove(spec)

    left = plugged_in.replace([])

    assert {each.spec for each in left if isinstance(each, PortRemoved)} == there
