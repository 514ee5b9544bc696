"""Stripe's list pages: newest first, one cursor, `has_more`. Pure."""

from __future__ import annotations

from agent.rest.parameters import Limit, Parameters, Text


class Paging(Parameters):
    """The parameters of every list."""

    limit: Limit = 10
    starting_after: Text | None = None
    ending_before: Text | None = None
