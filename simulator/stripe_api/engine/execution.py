"""Carrying out one request: the order in which it is checked, done and remembered."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial

from simulator.clock import Clock
from simulator.stripe_api.engine.answers import Answer, answer
from simulator.stripe_api.engine.errors import (
    ApiError,
    RouteUnknown,
    ServerFailure,
    envelope,
)
from simulator.stripe_api.engine.events import Listener
from simulator.stripe_api.engine.expand import TOTAL_COUNT, check_paths, expanded
from simulator.stripe_api.engine.forms import Tree, decode_form, decode_json
from simulator.stripe_api.engine.idempotency import (
    Fingerprint,
    IdempotencyKeys,
    Stored,
)
from simulator.stripe_api.engine.ids import Ids
from simulator.stripe_api.engine.keys import ApiKey, KeyRing, needed_permission
from simulator.stripe_api.engine.limits import RateLimits
from simulator.stripe_api.engine.multipart import MEDIA_TYPE, decode_multipart
from simulator.stripe_api.engine.operations import Call, Operation, Resource, Work
from simulator.stripe_api.engine.parameters import Items, Text, Values
from simulator.stripe_api.engine.requests import RequestEntry
from simulator.stripe_api.engine.router import Router
from simulator.stripe_api.engine.store import Object, Store
from simulator.stripe_api.engine.versions import (
    ApiVersion,
    read_previews,
    read_version,
)
from simulator.stripe_api.engine.wire import HttpRequest

_log = logging.getLogger(__name__)

_EXPAND = Items(Text())
_NO_NAMES: Mapping[str, str] = {}

BeforeEffect = Callable[[], Awaitable[None]]
"""Awaited when a request has been accepted and has not yet taken effect."""


@dataclass(slots=True)
class Mode:
    """The objects and idempotency keys of test mode or of live mode."""

    store: Store = field(default_factory=Store)
    idempotency: IdempotencyKeys = field(default_factory=IdempotencyKeys)


@dataclass(frozen=True, slots=True)
class _Terms:
    """What a request's headers say of how it is to be carried out."""

    key: ApiKey
    version: ApiVersion
    previews: Set[str]
    host: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request that may be carried out: checked, and not yet begun."""

    operation: Operation
    call: Call
    expand: list[str]


class Executor:
    """Carries out the operations of the given resources."""

    def __init__(
        self,
        resources: Sequence[Resource],
        *,
        clock: Clock,
        ids: Ids,
        keys: KeyRing,
        version: ApiVersion,
    ) -> None:
        """`version` is the account's own, for requests that name none and for events."""
        self.listeners: list[Listener] = []
        self.begin_listeners: list[Callable[[], None]] = []
        """Called whenever other objects have taken the place of those there were."""
        self.keys = keys
        self.limits = RateLimits()
        self.operations = [one for each in resources for one in each.operations]
        self._clock = clock
        self._ids = ids
        self._version = version
        self.kinds = {kind.name: kind for each in resources for kind in each.kinds}
        self._router = Router(self.operations)
        self._openings = [each.opening for each in resources if each.opening]
        self._modes: Mapping[bool, Mode] = {}
        self.forget()

    def mode(self, *, livemode: bool) -> Mode:
        """The state of one mode, until `forget`."""
        return self._modes[livemode]

    def forget(self) -> None:
        """Start anew: no objects but those of the beginning, no idempotency keys."""
        self.begin({False: Mode(), True: Mode()})

    def begin(self, modes: Mapping[bool, Mode]) -> None:
        """Go on with these instead, by livemode; what was to come is not done."""
        self._modes = modes
        for livemode, mode in modes.items():
            for opening in self._openings:
                self._act(opening, mode, livemode=livemode)
        for listener in self.begin_listeners:
            listener()

    async def execute(
        self, request: HttpRequest, *, entry: RequestEntry, before_effect: BeforeEffect
    ) -> Answer:
        """Answer a request, filling in its log entry.

        Raises ApiError where it was refused without being carried out.
        """
        key = self.keys.identify(request.header(b"authorization"))
        entry.livemode = key.livemode
        key.check_account(request.header(b"stripe-account"))
        self.limits.take(
            entry.method,
            entry.path,
            livemode=entry.livemode,
            now_s=self._clock.monotonic(),
        )
        asked_version = request.header(b"stripe-version")
        terms = _Terms(
            key=key,
            version=read_version(asked_version, self._version),
            previews=read_previews(asked_version),
            host=request.header(b"host") or "",
        )
        entry.parameters = _parameters(request)
        idempotency_key = request.header(b"idempotency-key")
        if idempotency_key and request.method == "POST":
            entry.idempotency_key = idempotency_key
            reply = await self._once(entry, terms, before_effect)
        else:
            prepared = self._prepare(entry, terms)
            await before_effect()
            reply = self._carry_out(prepared, entry)
        answered = (b"stripe-version", terms.version.encode())
        return replace(reply, headers=(*reply.headers, answered))

    def act(self, work: Work, *, livemode: bool = False) -> None:
        """Do what no request asked for, such as what a cardholder does.

        Raises what `work` raises, with the events that had happened by then told.
        """
        self._act(work, self._modes[livemode], livemode=livemode)

    def refusal(self, error: ApiError, entry: RequestEntry) -> Answer:
        """A refusal in Stripe's envelope."""
        entry.error_code = error.code or error.type
        now = int(self._clock.now().timestamp())
        content = envelope(error, request_id=entry.id, livemode=entry.livemode, now=now)
        return answer(content, status=error.status, headers=error.headers)

    async def _once(
        self, entry: RequestEntry, terms: _Terms, before_effect: BeforeEffect
    ) -> Answer:
        """Carry out a request with an idempotency key, or repeat its answer."""
        key = entry.idempotency_key or ""
        keys = self._modes[entry.livemode].idempotency
        stored = keys.begin(
            key,
            Fingerprint(entry.method, entry.path, entry.parameters),
            request_id=entry.id,
            now_s=self._clock.monotonic(),
        )
        if stored is not None:
            entry.replayed = True
            return _replayed(stored, key)
        try:
            prepared = self._prepare(entry, terms)
            await before_effect()
        except BaseException:
            # Not carried out, even where the server is being stopped: nothing to keep.
            keys.forget(key)
            raise
        reply = self._carry_out(prepared, entry)
        keys.finish(key, reply)
        return replace(
            reply, headers=(*reply.headers, *_key_headers(key, original=entry.id))
        )

    def _prepare(self, entry: RequestEntry, terms: _Terms) -> _Prepared:
        """Find the operation and read its parameters; raises ApiError."""
        operation, names = self._router.find(entry.method, entry.path)
        if operation.preview is not None and operation.preview not in terms.previews:
            raise RouteUnknown(entry.method, entry.path)
        terms.key.require(needed_permission(operation.method, operation.returns.name))
        sent = dict(entry.parameters)
        paths = _EXPAND.read(sent.pop("expand", []), "expand", terms.version)
        nested = paths
        if operation.is_counted:
            nested = [path for path in paths if path != TOTAL_COUNT]
        kinds = check_paths(
            nested, operation.returns, is_list=operation.is_list, kinds=self.kinds
        )
        for name in sorted(kinds):
            terms.key.require(needed_permission("GET", name))
        call = self._call(
            livemode=entry.livemode,
            params=operation.parameters.read(sent, "", terms.version),
            names=names,
            terms=terms,
            entry=entry,
        )
        return _Prepared(operation, call, paths)

    def _call(
        self,
        *,
        livemode: bool,
        params: Values | None = None,
        names: Mapping[str, str] = _NO_NAMES,
        terms: _Terms | None = None,
        entry: RequestEntry | None = None,
    ) -> Call:
        now = self._clock.now().timestamp()
        return Call(
            params={} if params is None else params,
            names=names,
            store=self._modes[livemode].store,
            other_mode=self._modes[not livemode].store,
            ids=self._ids,
            now=int(now),
            now_ms=int(now * 1000),
            livemode=livemode,
            version=self._version if terms is None else terms.version,
            event_version=self._version,
            request_id=None if entry is None else entry.id,
            idempotency_key=None if entry is None else entry.idempotency_key,
            host="" if terms is None else terms.host,
        )

    def _carry_out(self, prepared: _Prepared, entry: RequestEntry) -> Answer:
        """Let the operation take effect; its refusals are answers like any other.

        They have no effect, but for those that say so, such as a declined card.
        """
        call = prepared.call
        with call.store.attempt() as take_back:
            try:
                reply = self._rendered(prepared.operation.run(call), prepared)
            except ApiError as error:
                if not error.has_effect:
                    take_back()
                    call.forget()
                reply = self.refusal(error, entry)
            except Exception:  # noqa: BLE001 - a request's outermost loop: clients get Stripe's 500, the log the defect
                _log.exception("operation failed: %s %s", entry.method, entry.path)
                take_back()
                call.forget()
                reply = self.refusal(ServerFailure("An unknown error occurred."), entry)
        self._conclude(call)
        return reply

    def _rendered(self, result: Object | Answer, prepared: _Prepared) -> Answer:
        if isinstance(result, Answer):
            return result
        store = prepared.call.store
        return answer(expanded(result, prepared.expand, store=store, kinds=self.kinds))

    def _conclude(self, call: Call) -> None:
        """Tell what happened, and see to what is to come of it."""
        for event in call.events:
            for listener in self.listeners:
                listener(event)
        mode = self._modes[call.livemode]
        for work in call.agenda.afterwards:
            self._act_alone(work, mode, livemode=call.livemode, depth=call.depth + 1)
        for delay_s, work in call.agenda.later:
            due = partial(self._act_alone, work, mode, livemode=call.livemode)
            self._clock.call_later(delay_s, due)

    def _act(self, work: Work, mode: Mode, *, livemode: bool, depth: int = 0) -> None:
        if self._modes[livemode] is not mode:
            return  # The objects it was about are forgotten.
        call = self._call(livemode=livemode)
        call.depth = depth
        try:
            work(call)
        finally:
            self._conclude(call)

    def _act_alone(
        self, work: Work, mode: Mode, *, livemode: bool, depth: int = 0
    ) -> None:
        """As `_act`, where nobody is there to hear of a failure."""
        try:
            self._act(work, mode, livemode=livemode, depth=depth)
        except Exception:  # noqa: BLE001 - its outermost loop: the request it came of is answered already
            _log.exception("work failed")


def _parameters(request: HttpRequest) -> Tree:
    """The parameters in the query string and the body, the body's winning."""
    tree = decode_form(request.query) if request.query else {}
    if not request.body:
        return tree
    content_type = request.header(b"content-type") or ""
    if content_type.startswith("application/json"):
        return {**tree, **decode_json(request.body)}
    if content_type.startswith(MEDIA_TYPE):
        return {**tree, **decode_multipart(request.body, content_type)}
    return {**tree, **decode_form(request.body)}


def _replayed(stored: Stored, key: str) -> Answer:
    headers = _key_headers(key, original=stored.request_id)
    marks = (*headers, (b"idempotent-replayed", b"true"))
    return replace(stored.answer, headers=(*stored.answer.headers, *marks))


def _key_headers(key: str, *, original: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"idempotency-key", key.encode("latin-1")),
        (b"original-request", original.encode()),
    )
