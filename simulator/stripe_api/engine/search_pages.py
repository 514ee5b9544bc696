"""Search operations: a query over all objects of a kind, and its pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.lists import DEFAULT_LIMIT
from simulator.stripe_api.engine.operations import Call, Operation
from simulator.stripe_api.engine.parameters import Fields, Integer, Required, Text
from simulator.stripe_api.engine.search import SearchFields, parse
from simulator.stripe_api.engine.store import Kind, Object

_PARAMETERS = Fields(
    {
        "query": Required(Text()),
        "limit": Integer(minimum=1, maximum=100),
        "page": Text(),
    }
)


def search_operation(path: str, kind: Kind[Any], fields: SearchFields) -> Operation:
    """`GET {path}/search` over the objects of a kind, by these fields."""
    search = _Search(f"{path}/search", kind, fields)
    return Operation(
        "GET", search.url, _PARAMETERS, kind, search.run, is_list=True, is_counted=True
    )


@dataclass(frozen=True, slots=True)
class _Search:
    url: str
    kind: Kind[Any]
    fields: SearchFields

    def run(self, call: Call) -> Object:
        """One page of what satisfies the query, newest first."""
        query = parse(call.params["query"], self.fields)
        collection = call.store.of(self.kind)
        # A page is named by the last object of the page before it.
        after = call.params.get("page")
        if after is not None and collection.get(after) is None:
            raise InvalidRequest("The page token is invalid.", param="page")
        limit = call.params.get("limit", DEFAULT_LIMIT)
        matching = filter(query.matches, collection.newest_first(after=after))
        found = list(islice(matching, limit + 1))
        has_more = len(found) > limit
        data: list[Mapping[str, Any]] = found[:limit]
        return {
            "object": "search_result",
            "data": data,
            "has_more": has_more,
            "next_page": data[-1]["id"] if has_more else None,
            "total_count": sum(map(query.matches, collection.newest_first())),
            "url": self.url,
        }
