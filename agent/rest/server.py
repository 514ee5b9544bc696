"""The local HTTP API put together: what every request passes on its way to a route."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from agent.errors import AgentError
from agent.rest.accounts import OneAccount
from agent.rest.local_access import LocalAccess
from agent.rest.measured import Measured
from agent.rest.problems import ErrorAnswers, answer_exception
from agent.rest.routes import routes
from agent.rest.services import Accounts, Services

__all__ = ["Services", "create_app"]


def create_app(services: Services, accounts: Accounts | None = None) -> Starlette:
    """The application; it owns nothing that `services` holds.

    `services` are the agent's own account's; `accounts` are all, where it has others.
    """
    rest = services.settings.rest
    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(
                Measured,
                measure=services.measurements.answered,
                clock=services.clock,
            ),
            Middleware(ErrorAnswers, random=services.random),
            Middleware(
                LocalAccess,
                host=rest.host,
                origins=rest.origins,
                max_body_bytes=rest.max_body_bytes,
                timeout_s=rest.request_timeout_s,
                tls_names=rest.tls_names,
            ),
        ],
        exception_handlers={
            AgentError: answer_exception,
            HTTPException: answer_exception,
        },
    )
    app.router.redirect_slashes = False
    app.state.accounts = accounts or OneAccount(services)
    return app
