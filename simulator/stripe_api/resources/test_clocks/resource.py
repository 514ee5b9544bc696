"""Operations on test clocks: they keep Stripe's rules, and move nothing else.

What they would move, billing, is not simulated; the simulator's own time is another
matter.
"""

from __future__ import annotations

from functools import partial

from simulator.stripe_api.engine.errors import InvalidRequest, ParameterInvalid
from simulator.stripe_api.engine.lists import list_parameters, page
from simulator.stripe_api.engine.operations import Call, Operation, Resource
from simulator.stripe_api.engine.parameters import Fields, Integer, Required, Text
from simulator.stripe_api.engine.store import Object
from simulator.stripe_api.resources.customers import CUSTOMERS, delete_customer
from simulator.stripe_api.resources.test_clocks.fields import TEST_CLOCKS, TestClock

KEPT_FOR_S = 30 * 24 * 60 * 60
LONGEST_ADVANCE_S = 2 * 366 * 24 * 60 * 60

_CREATE = Fields(
    {
        "customer": Text(),
        "frozen_time": Required(Integer(minimum=0)),
        "name": Text(300),
    }
)
_ADVANCE = Fields({"frozen_time": Required(Integer(minimum=0))})
_PATH = "/v1/test_helpers/test_clocks"


def _create(call: Call) -> TestClock:
    if call.livemode:
        raise InvalidRequest("Test clocks can only be used in test mode.")
    clock: TestClock = {
        "id": call.new_id(TEST_CLOCKS),
        "object": "test_helpers.test_clock",
        "created": call.now,
        "deletes_after": call.now + KEPT_FOR_S,
        "frozen_time": call.params["frozen_time"],
        "livemode": False,
        "name": call.params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    if "customer" in call.params:
        customer = call.referred(CUSTOMERS, "customer").copy()
        customer["test_clock"] = clock["id"]
        call.store.of(CUSTOMERS).put(customer)
    call.store.of(TEST_CLOCKS).put(clock)
    call.emit("test_helpers.test_clock.created", clock)
    call.agenda.later.append((KEPT_FOR_S, partial(_expire, clock_id=clock["id"])))
    return clock


def _retrieve(call: Call) -> TestClock:
    return call.find(TEST_CLOCKS, "test_clock")


def _advance(call: Call) -> TestClock:
    """Answer as if it took a while; it is over before the next request."""
    clock = call.find(TEST_CLOCKS, "test_clock").copy()
    target: int = call.params["frozen_time"]
    if target <= clock["frozen_time"]:
        raise ParameterInvalid(
            "The frozen_time must be after the test clock's current frozen time of "
            f"{clock['frozen_time']}.",
            param="frozen_time",
        )
    if target - clock["frozen_time"] > LONGEST_ADVANCE_S:
        raise ParameterInvalid(
            "The frozen_time cannot be more than two years in the future.",
            param="frozen_time",
        )
    clock["status"] = "advancing"
    clock["status_details"] = {"advancing": {"target_frozen_time": target}}
    call.store.of(TEST_CLOCKS).put(clock)
    call.emit("test_helpers.test_clock.advancing", clock)
    call.agenda.afterwards.append(partial(_arrive, clock_id=clock["id"]))
    return clock


def _arrive(call: Call, *, clock_id: str) -> None:
    clock = call.store.of(TEST_CLOCKS).get(clock_id)
    if clock is not None:
        arrived = clock.copy()
        details = clock["status_details"]["advancing"]
        arrived["frozen_time"] = details["target_frozen_time"]
        arrived["status"] = "ready"
        arrived["status_details"] = {}
        call.store.of(TEST_CLOCKS).put(arrived)
        call.emit("test_helpers.test_clock.ready", arrived)


def _watch(call: Call) -> None:
    """See to the end of all clocks there are, which may come from elsewhere."""
    for clock in call.store.of(TEST_CLOCKS).newest_first():
        pause_s = max(0, clock["deletes_after"] - call.now)
        call.agenda.later.append((pause_s, partial(_expire, clock_id=clock["id"])))


def _delete(call: Call) -> Object:
    return _deleted(call, call.find(TEST_CLOCKS, "test_clock"))


def _expire(call: Call, *, clock_id: str) -> None:
    clock = call.store.of(TEST_CLOCKS).get(clock_id)
    if clock is not None:
        _deleted(call, clock)


def _deleted(call: Call, clock: TestClock) -> Object:
    for customer in call.store.of(CUSTOMERS).having("test_clock", clock["id"]):
        delete_customer(call, customer)
    tombstone = {"id": clock["id"], "object": clock["object"], "deleted": True}
    call.store.of(TEST_CLOCKS).delete(clock["id"], tombstone=tombstone)
    call.emit("test_helpers.test_clock.deleted", clock)
    return tombstone


def _list(call: Call) -> Object:
    return page(call.store, TEST_CLOCKS, params=call.params, url=_PATH)


_ONE = f"{_PATH}/{{test_clock}}"

TEST_CLOCK = Resource(
    kinds=(TEST_CLOCKS,),
    operations=(
        Operation("POST", _PATH, _CREATE, TEST_CLOCKS, _create),
        Operation("GET", _PATH, list_parameters(), TEST_CLOCKS, _list, is_list=True),
        Operation("GET", _ONE, Fields({}), TEST_CLOCKS, _retrieve),
        Operation("POST", f"{_ONE}/advance", _ADVANCE, TEST_CLOCKS, _advance),
        Operation("DELETE", _ONE, Fields({}), TEST_CLOCKS, _delete),
    ),
    opening=_watch,
)
