"""Every code of docs/errors.md of certificates that are no longer as they should be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from code_scenes import Scenario
from rest_fakes import running_agent
from skipping_loop import NOON

from agent.own_authority import OwnAuthority
from agent.settings import RestSettings


def shown_after(days: int, *, damaged: bool = False) -> Scenario:
    """What health says of a certificate so many days after it was made."""

    async def scenario(folder: Path) -> str:
        own = OwnAuthority(folder / "tls")
        own.make_server(["till.example"], at=NOON - timedelta(days=days))
        if damaged:
            own.certificate_file("server").write_text("half a ren")
        rest = RestSettings(
            tls_port=0,
            tls_cert_file=own.certificate_file("server"),
            tls_key_file=own.key_file("server"),
            tls_names=("till.example",),
        )
        async with running_agent(folder, rest=rest) as agent:
            shown = (await agent.client.get("/agent/health/ready")).json()
        codes = [str(cause["code"]) for cause in shown["causes"]]
        return next(code for code in codes if code.startswith("certificate"))

    return scenario


CERTIFICATES: dict[str, Scenario] = {
    "certificate_expiring": shown_after(800),
    "certificate_unusable": shown_after(0, damaged=True),
}
