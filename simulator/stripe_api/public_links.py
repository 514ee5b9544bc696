"""Files given away by link, to whoever has the URL: no key is asked for."""

from __future__ import annotations

import base64
import hmac

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from simulator.clock import Clock
from simulator.stripe_api.engine.store import Stores
from simulator.stripe_api.resources.files.fields import (
    FILE_CONTENTS,
    FILE_LINKS,
    FILES,
    current,
)
from simulator.stripe_api.resources.files.purposes import MEDIA_TYPES


class PublicLinks:
    """Serves `/links/{token}`."""

    def __init__(self, stores: Stores, clock: Clock) -> None:
        """Links expire by `clock`."""
        self._stores = stores
        self._clock = clock

    async def read(self, request: Request) -> Response:
        """The linked file, or 404 for a link that never was or has expired."""
        token: str = request.path_params["token"]
        mode, _, rest = token.partition("_")
        store = self._stores(livemode=mode == "live")
        link = store.of(FILE_LINKS).get(rest.rpartition("_")[0])
        if link is None or not hmac.compare_digest(
            (link["url"] or "").rpartition("/")[2].encode(), token.encode()
        ):
            return PlainTextResponse("No such file link.", 404)
        if current(link, int(self._clock.now().timestamp()))["expired"]:
            return PlainTextResponse("This file link has expired.", 404)
        file = store.of(FILES).get(link["file"])
        contents = store.of(FILE_CONTENTS).get(link["file"])
        if file is None or contents is None:
            return PlainTextResponse("The file is not here.", 404)
        return Response(
            base64.b64decode(contents["base64"]), media_type=MEDIA_TYPES[file["type"]]
        )
