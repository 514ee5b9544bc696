"""Who may call a route: declared where the route is declared."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.errors import AccountUnavailable, JournalUnavailable, ParameterUnknown
from agent.ids import LocalKeyId
from agent.log import in_account
from agent.rest.auth import KeyScope, authenticate, is_known
from agent.rest.services import Accounts, Services, accounts_of

Endpoint = Callable[[Request], Awaitable[Response]]
CHOOSING_AN_ACCOUNT = ("stripe-account", "stripe-context")
"""Stripe's headers for acting in another account than the key's."""
SAFE = frozenset({"GET", "HEAD"})
"""Methods that begin nothing."""


def keyed(endpoint: Endpoint, *, any_of: frozenset[KeyScope]) -> Endpoint:
    """`endpoint` for callers whose key has one of these scopes.

    Whatever it does is done in the account that has this key, and in no other.
    """

    async def guarded(request: Request) -> Response:
        accounts, authorization = accounts_of(request), _authorization(request)
        name = _account_with_key(accounts, authorization)
        if name is None:
            return await admitted(request, accounts.own)
        services = accounts.others[name]
        if request.method in SAFE:
            with in_account(name):
                return await admitted(request, services)
        with in_account(name), accounts.beginning(name):
            return await admitted(request, services)

    async def admitted(request: Request, services: Services) -> Response:
        key = await authenticate(
            services.journal.keys,
            _authorization(request),
            any_of=any_of,
            livemode=services.livemode,
            clock=services.clock,
        )
        services.buckets.take(key.key_id)
        _check_account_is_not_chosen(request)
        request.state.services = services
        request.state.key_id = key.key_id
        request.state.scopes = key.scopes
        request.state.key_label = key.label
        return await endpoint(request)

    return guarded


class KeyedRoute(Route):
    """A route for callers with a key; what it was declared with can be read from it."""

    def __init__(
        self,
        methods: list[str],
        path: str,
        endpoint: Endpoint,
        *,
        any_of: frozenset[KeyScope],
    ) -> None:
        super().__init__(path, keyed(endpoint, any_of=any_of), methods=methods)
        self.behind = endpoint
        self.any_of = any_of


def keyed_route(
    method: str, path: str, endpoint: Endpoint, *, any_of: frozenset[KeyScope]
) -> KeyedRoute:
    """The route of one method."""
    return KeyedRoute([method], path, endpoint, any_of=any_of)


def _check_account_is_not_chosen(request: Request) -> None:
    """Passed over in silence, such a header would move the money of another account."""
    for name in CHOOSING_AN_ACCOUNT:
        if name in request.headers:
            raise ParameterUnknown(
                f"{name} has no effect here: a local key belongs to one account.",
                param=name,
            )


def _authorization(request: Request) -> str | None:
    return request.headers.get("authorization")


def _account_with_key(accounts: Accounts, authorization: str | None) -> str | None:
    """The further account whose key this is; None for the own one's, or nobody's.

    Raises JournalUnavailable where it is nobody's, but one could not be looked up, and
    AccountUnavailable where one is away.
    """
    if not accounts.others and not accounts.is_any_away:
        return None
    if is_known(accounts.own.journal.keys, authorization):
        return None
    trouble: JournalUnavailable | None = None
    for name, services in accounts.others.items():
        try:
            if is_known(services.journal.keys, authorization):
                return name
        except JournalUnavailable as error:
            trouble = error
    if trouble is not None:
        raise trouble
    if accounts.is_any_away and authorization:
        raise AccountUnavailable(
            "An account is not at work; the key may be one of its."
        )
    return None


def caller_of(request: Request) -> LocalKeyId:
    """Whose key a keyed request came with."""
    key_id: LocalKeyId = request.state.key_id
    return key_id


def callers_name(request: Request) -> str:
    """By what people know the key of a keyed request: its label, or else its id."""
    name: str = request.state.key_label or request.state.key_id
    return name


def scopes_of(request: Request) -> frozenset[str]:
    """What the key of a keyed request allows."""
    scopes: frozenset[str] = request.state.scopes
    return scopes
