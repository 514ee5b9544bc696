"""`expand[]`: ids in an answer replaced by Stripe's objects, fetched on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from starlette.responses import Response

from agent.errors import ParameterInvalid
from agent.rest.reader_object import Json, JsonObject
from agent.rest.services import Upstream

EXPANDABLE = {
    "location": "/v1/terminal/locations",
    "action.collect_payment_method.payment_intent": "/v1/payment_intents",
    "action.confirm_payment_intent.payment_intent": "/v1/payment_intents",
    "action.process_payment_intent.payment_intent": "/v1/payment_intents",
    "action.process_setup_intent.setup_intent": "/v1/setup_intents",
    "action.refund_payment.charge": "/v1/charges",
    "action.refund_payment.payment_intent": "/v1/payment_intents",
    "action.refund_payment.refund": "/v1/refunds",
}
"""What can be expanded in a reader, and where it is fetched."""

LIST_PREFIX = "data."
"""What a path starts with where the answer is a list."""

_ID = re.compile(r"[A-Za-z0-9_]{1,255}")


def check_expandable(paths: Sequence[str], *, prefix: str = "") -> None:
    """Raise ParameterInvalid for a path that a reader does not have."""
    expandable = {prefix + path for path in EXPANDABLE}
    for path in paths:
        if path not in expandable:
            raise ParameterInvalid(
                f"This property cannot be expanded ({path[:100]}).", param="expand"
            )


async def expanded(
    response: Response, paths: Sequence[str], *, stripe: Upstream
) -> Response:
    """`response` with the ids at `paths` replaced; one that Stripe does not know stays.

    Raises StripeUnreachable or StripeKeyMissing.
    """
    if not paths or response.status_code != 200:
        return response
    content: JsonObject = json.loads(bytes(response.body))
    await expand_reader(content, paths, stripe=stripe)
    headers = dict(response.headers)
    del headers["content-length"]
    return Response(json.dumps(content), headers=headers)


async def expand_reader(
    reader: JsonObject, paths: Sequence[str], *, stripe: Upstream
) -> None:
    """Replace the ids at `paths` of one reader; raises as `expanded`."""
    for path in paths:
        await _expand(reader, path.removeprefix(LIST_PREFIX), stripe=stripe)


async def _expand(reader: Json, path: str, *, stripe: Upstream) -> None:
    *parents, name = path.split(".")
    node = reader
    for parent in parents:
        node = node.get(parent) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        return
    object_id = node.get(name)
    if isinstance(object_id, str) and _ID.fullmatch(object_id):
        node[name] = await _fetched(object_id, EXPANDABLE[path], stripe=stripe)


async def _fetched(object_id: str, collection: str, *, stripe: Upstream) -> Json:
    answer = await stripe.forward(
        "GET", f"{collection}/{object_id}", headers={}, body=b""
    )
    if answer.status != 200:
        return object_id
    fetched: Json = json.loads(answer.body)
    return fetched
