"""Control of simulated readers over REST, as a test in any language uses it."""

from __future__ import annotations

from typing import Any

import pytest
from control_client import JsonAnswer, ask
from mms_host import CARDS, MmsHost, start

from drivers.protocol.magtek_mms.control import CancelTransaction
from simulator.app import ReaderOrder, Simulator, build_simulator
from simulator.clock import ManualClock
from simulator.errors import ControlInvalid, WireUnavailable
from simulator.reader.wires.pipe import PipeWire

TILL = "/simulator/readers/till1"
INSERT_VISA = {
    "card": "visa_approved",
    "entry": "contact",
    "leave_in": False,
    "stays_s": 0.0,
}
VISA_RULE = {
    "when": {"text": "PRESENT CARD"},
    "then": [{"do": "present_card", **INSERT_VISA}],
}


class Shop:
    """A simulator with one reader, and the host at that reader."""

    def __init__(self, model: str = "magtek_dynaprox") -> None:
        self.clock = ManualClock()
        self.wire = PipeWire()
        order = ReaderOrder("till1", self.wire, model)
        self.simulator: Simulator = build_simulator(
            clock=self.clock, readers=[order], seed=1
        )
        self.host = MmsHost(
            reader=self.simulator.readers.named("till1"), wire=self.wire
        )

    async def get(self, path: str) -> Any:
        answer = await ask(self.simulator.app, "GET", path)
        assert answer.status == 200
        return answer.content

    async def post(self, path: str, body: object = None) -> JsonAnswer:
        return await ask(self.simulator.app, "POST", path, body=body)

    async def delete(self, path: str) -> JsonAnswer:
        return await ask(self.simulator.app, "DELETE", path)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def refusal(answer: JsonAnswer) -> tuple[int, str, str]:
    error = answer.content["error"]
    assert error["remedy"]
    return answer.status, error["code"], error["message"]


async def test_health_counts_the_readers(shop: Shop) -> None:
    assert await shop.get("/simulator/health") == {
        "status": "ok",
        "readers": 1,
        "connected_readers": 1,
    }


async def test_a_reader_is_shown_with_its_screen(shop: Shop) -> None:
    shop.host.ask(start(amount=1234))

    shown = await shop.get(TILL)

    assert shown["name"] == "till1"
    assert shown["model"] == "magtek_dynaprox"
    assert shown["serial_number"].startswith("B")
    assert shown["wire"] == "pipe:reader"
    assert shown["connected"] is True
    assert shown["state"] == "waiting_for_card"
    assert shown["screen"] == ["12.34 USD", "PRESENT CARD"]
    assert shown["keys"] == ["cancel"]


async def test_all_readers_are_listed(shop: Shop) -> None:
    listed = await shop.get("/simulator/readers")

    assert [each["name"] for each in listed["data"]] == ["till1"]


async def test_a_card_can_be_presented(shop: Shop) -> None:
    shop.host.ask(start())

    answer = await shop.post(f"{TILL}/present_card", INSERT_VISA)

    assert (answer.status, answer.content["state"]) == (200, "authorising")


async def test_a_card_that_nobody_waits_for_is_refused(shop: Shop) -> None:
    answer = await shop.post(f"{TILL}/present_card", INSERT_VISA)

    assert refusal(answer) == (
        409,
        "control_refused",
        "no transaction is running on the reader",
    )


async def test_a_card_can_be_pulled_out(shop: Shop) -> None:
    shop.host.ask(start())
    await shop.post(f"{TILL}/present_card", INSERT_VISA)

    answer = await shop.post(f"{TILL}/remove_card")

    assert answer.content["screen"] == ["CARD ERROR"]


async def test_a_key_can_be_pressed(shop: Shop) -> None:
    shop.host.ask(start())

    answer = await shop.post(f"{TILL}/press_key", {"key": "cancel"})

    assert answer.content["state"] == "idle"


async def test_the_cable_can_be_pulled_and_put_back(shop: Shop) -> None:
    out = await shop.post(f"{TILL}/unplug")
    back = await shop.post(f"{TILL}/plug", {})

    assert (out.content["connected"], out.content["state"]) == (False, "off")
    assert (back.content["connected"], back.content["state"]) == (True, "idle")


async def test_the_battery_can_be_drained() -> None:
    shop = Shop("magtek_dynaflex")

    await shop.post(f"{TILL}/set_battery", {"percent": 3})

    assert shop.host.ask(start()).status.hex == "80020316"


async def test_the_wire_can_be_made_faulty_and_sound_again(shop: Shop) -> None:
    both = await shop.post(
        f"{TILL}/wire_faults", {"direction": "both", "piece_bytes": 1}
    )
    outward = await shop.post(f"{TILL}/wire_faults", {"cut_after_bytes": 9})
    inward = await shop.post(
        f"{TILL}/wire_faults", {"direction": "to_reader", "delay_s": 0.5}
    )
    sound = await shop.delete(f"{TILL}/wire_faults")

    faults = [each.content["wire_faults"] for each in (both, outward, inward, sound)]
    assert faults[0]["to_host"]["piece_bytes"] == 1
    assert faults[0]["to_host"] == faults[0]["to_reader"]
    assert faults[1]["to_host"]["cut_after_bytes"] == 9
    assert faults[1]["to_reader"]["piece_bytes"] is None
    assert faults[2]["to_reader"]["delay_s"] == 0.5
    assert faults[2]["to_host"] == faults[3]["to_host"] == faults[3]["to_reader"]


async def test_cards_are_listed_without_their_numbers(shop: Shop) -> None:
    listed = await shop.get("/simulator/cards")

    by_name = {card["name"]: card for card in listed["data"]}
    assert by_name["visa_approved"]["last4"] == "4242"
    assert by_name["visa_lost_card"]["decision"] == "lost_card"
    assert by_name["visa_contactless"]["entries"] == ["contactless"]
    for card in CARDS:
        assert card.account.number not in str(listed)


async def test_a_rule_presents_a_card_to_the_next_payment(shop: Shop) -> None:
    added = await shop.post("/simulator/rules", VISA_RULE)

    shop.host.ask(start())

    assert (added.status, added.content["fired"]) == (201, 0)
    assert shop.host.state == "authorising"
    (rule,) = (await shop.get("/simulator/rules"))["data"]
    assert (rule["id"], rule["fired"], rule["failures"]) == ("rule_1", 1, [])
    assert rule["when"] == {"reader": None, "text": "PRESENT CARD", "state": None}
    assert rule["then"] == VISA_RULE["then"]


async def test_a_rule_may_do_everything_in_turn() -> None:
    shop = Shop("magtek_dynaflex")
    actions = [
        {"do": "set_battery", "percent": 50},
        {"do": "set_quirks", "chances": {"mac": 1.0}},
        {"do": "plan_update", "end": "old_version", "after_packets": 1},
        {"do": "present_card", **INSERT_VISA},
        {"do": "remove_card"},
        {"do": "unplug"},
        {"do": "plug"},
        {"do": "press_key", "key": "cancel"},
    ]

    added = await shop.post(
        "/simulator/rules",
        {"when": {"state": "waiting_for_card", "reader": "till1"}, "then": actions},
    )
    shop.host.ask(start())

    assert added.content["then"] == actions
    (rule,) = (await shop.get("/simulator/rules"))["data"]
    assert rule["failures"] == ["no transaction is running on the reader"]


async def test_a_rule_does_not_show_the_digits_it_types() -> None:
    shop = Shop("magtek_dynaflex_ii_ped")
    typing = [{"do": "press_key", "key": key} for key in ("4", "2", "enter")]

    added = await shop.post(
        "/simulator/rules", {"when": {"text": "ENTER PIN"}, "then": typing}
    )

    keys = [action["key"] for action in added.content["then"]]
    assert keys == ["*", "*", "enter"]


async def test_rules_can_be_removed(shop: Shop) -> None:
    for _ in range(3):
        await shop.post("/simulator/rules", VISA_RULE)

    one = await shop.delete("/simulator/rules/rule_2")
    left = (await shop.get("/simulator/rules"))["data"]
    rest = await shop.delete("/simulator/rules")

    assert (one.status, rest.status) == (204, 204)
    assert [rule["id"] for rule in left] == ["rule_1", "rule_3"]
    assert (await shop.get("/simulator/rules"))["data"] == []


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (f"{TILL}/present_card", {"card": "visa_approved"}, 400, "control_invalid"),
        (f"{TILL}/present_card", {**INSERT_VISA, "x": 1}, 400, "control_invalid"),
        (
            f"{TILL}/present_card",
            {"card": "visa_approved", "entry": "thrown"},
            400,
            "control_invalid",
        ),
        (
            f"{TILL}/present_card",
            {"card": "no_such_card", "entry": "contact"},
            404,
            "card_unknown",
        ),
        (
            f"{TILL}/present_card",
            {"card": "visa_contactless", "entry": "contact"},
            409,
            "control_refused",
        ),
        (f"{TILL}/set_battery", {"percent": 101}, 400, "control_invalid"),
        (f"{TILL}/set_quirks", {"chances": {"x": 1}}, 400, "control_invalid"),
        (f"{TILL}/set_battery", {"percent": 50}, 409, "control_refused"),
        (f"{TILL}/plan_update", {"end": "never"}, 400, "control_invalid"),
        (f"{TILL}/plug", None, 409, "control_refused"),
        (f"{TILL}/wire_faults", {"corrupt": 2}, 400, "control_invalid"),
        (f"{TILL}/plug", b"not json", 400, "control_invalid"),
        (f"{TILL}/plug", b" " * 70_000, 400, "control_invalid"),
        ("/simulator/readers/till2/plug", None, 404, "reader_unknown"),
        ("/simulator/rules", {**VISA_RULE, "times": 0}, 400, "control_invalid"),
        ("/simulator/rules", {**VISA_RULE, "times": None}, 400, "control_invalid"),
        (
            "/simulator/rules",
            {**VISA_RULE, "then": [{"do": "dance"}]},
            400,
            "control_invalid",
        ),
        (
            "/simulator/rules",
            {**VISA_RULE, "when": {"text": "PRESNT CARD"}},
            400,
            "control_invalid",
        ),
        (
            "/simulator/rules",
            {**VISA_RULE, "when": {"text": "CARD", "reader": "till2"}},
            404,
            "reader_unknown",
        ),
        ("/simulator/no_such_route", None, 404, "route_unknown"),
    ],
)
async def test_what_cannot_work_is_refused_with_a_reason(
    shop: Shop, *, path: str, body: object, status: int, code: str
) -> None:
    answer = await shop.post(path, body)

    assert refusal(answer)[:2] == (status, code)


async def test_an_unknown_rule_cannot_be_removed(shop: Shop) -> None:
    answer = await shop.delete("/simulator/rules/rule_9")

    assert refusal(answer)[:2] == (404, "rule_unknown")


async def test_a_card_number_sent_as_a_name_is_not_repeated(shop: Shop) -> None:
    by_name = await shop.post(
        f"{TILL}/present_card", {"card": "4242424242424242", "entry": "contact"}
    )
    by_type = await shop.post(
        f"{TILL}/present_card", {"card": 4242424242424242, "entry": "contact"}
    )

    assert "4242" not in str(by_name.content) + str(by_type.content)


async def test_stripes_api_is_served_beside_the_control(shop: Shop) -> None:
    answer = await ask(shop.simulator.app, "GET", "/v1/payment_intents")

    assert answer.status == 401
    assert answer.content["error"]["type"] == "invalid_request_error"


async def test_the_bank_of_the_api_knows_the_cards_of_the_reader(shop: Shop) -> None:
    shop.host.ask(start())
    await shop.post(f"{TILL}/present_card", INSERT_VISA)

    shop.host.issuer = shop.simulator.issuer
    shop.host.resume(*shop.host.authorize("contact_emv"))

    assert shop.host.shows == "APPROVED"


async def test_the_same_seed_and_name_give_the_same_reader() -> None:
    first, second = Shop(), Shop()
    for shop in (first, second):
        shop.host.ask(start())
        await shop.post(f"{TILL}/present_card", INSERT_VISA)

    assert first.host.arqc() == second.host.arqc()
    first.host.ask(CancelTransaction())


def test_an_unknown_model_or_wire_is_refused() -> None:
    clock = ManualClock()

    with pytest.raises(ControlInvalid, match="no reader model 'x', only idtech"):
        build_simulator(
            clock=clock, readers=[ReaderOrder("till1", PipeWire(), model="x")]
        )
    with pytest.raises(WireUnavailable):
        build_simulator(clock=clock, readers=[ReaderOrder("till1", "carrier pigeon")])


def test_two_readers_of_one_name_are_refused() -> None:
    orders = [ReaderOrder("till1", PipeWire()), ReaderOrder("till1", PipeWire())]

    with pytest.raises(ControlInvalid, match="till1"):
        build_simulator(clock=ManualClock(), readers=orders)
