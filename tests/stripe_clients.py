"""Stripe's official clients, unmodified, behind one way of calling them.

An operation is called by its path in the API, such as `terminal.readers.create`; what
comes back is JSON, and a refusal is raised with the name the client itself gave it.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from stripe_api_server import APPROVED_DATA

TESTS = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
OLDER_SDK = TESTS.parent / ".tools" / "stripe-older-sdk"
COMMAND_LINE = (
    TESTS
    / "node/node_modules/@stripe"
    / f"cli-linux-{'arm64' if platform.machine() == 'aarch64' else 'x64'}"
    / "bin/stripe"
)
KEY = "sk_test_" + "simulator" * 3

Params = Mapping[str, Any]


@dataclass(frozen=True)
class Answered:
    """What a client got."""

    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A refusal, as the client reported it."""

    def __init__(self, type_: str, error: Mapping[str, Any]) -> None:
        """`type_` is the client's class of error, `error` the API's error object."""
        super().__init__(f"{type_}: {error.get('message')}")
        self.type = type_
        self.error = error


class ApiClient(AbstractContextManager["ApiClient"], Protocol):
    """One official client."""

    types_parameter: str
    """What it calls the types of payment methods a PaymentIntent allows."""
    is_library: bool
    """Whether it shows headers, retries, follows pages and checks signatures."""

    def ask(
        self,
        operation: str,
        *ids: str,
        params: Params | None = None,
        options: Params | None = None,
    ) -> Answered:
        """Call an operation; raises Refused."""
        ...

    def call(self, operation: str, *ids: str, **params: Any) -> Any:
        """Call an operation without options; its answer's body."""
        return self.ask(operation, *ids, params=params).body

    def all(self, operation: str, **params: Any) -> list[Any]:
        """Every item of a list, page after page by the client's own means."""
        ...


class Library(ApiClient):
    """One of Stripe's SDKs, in a process of its own that does as it is told."""

    is_library = True

    def __init__(self, command: list[Path], url: str, *, older: bool = False) -> None:
        """`command` runs tests/clients/python_sdk.py or tests/node/client.mjs."""
        self.types_parameter = (
            "payment_method_types" if older else "allowed_payment_method_types"
        )
        path = {"PYTHONPATH": str(OLDER_SDK)} if older else {}
        self._process = subprocess.Popen(
            [*command, url, KEY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | path,
        )

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ask(
        self,
        operation: str,
        *ids: str,
        params: Params | None = None,
        options: Params | None = None,
    ) -> Answered:
        """Call an operation; raises Refused."""
        outcome = self._done(operation, ids, params, options)
        return Answered(outcome["answer"], outcome["headers"])

    def all(self, operation: str, **params: Any) -> list[Any]:
        """Every item of a list, page after page by the SDK's own means."""
        found = self._done(operation, (), params, None, all_=True)["answer"]
        assert isinstance(found, list)
        return found

    def _done(
        self,
        operation: str,
        ids: tuple[str, ...],
        params: Params | None,
        options: Params | None,
        *,
        all_: bool = False,
    ) -> Any:
        order = {
            "operation": operation,
            "ids": ids,
            "params": params or {},
            "options": options or {},
            "all": all_,
        }
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(json.dumps(order) + "\n")
        asked.flush()
        outcome = json.loads(told.readline())
        if "refused" in outcome:
            raise Refused(outcome["refused"]["type"], outcome["refused"]["error"])
        return outcome


@dataclass(frozen=True)
class CommandLine(ApiClient):
    """The Stripe CLI: one process per call."""

    url: str
    home: Path
    """Where it keeps its settings."""
    types_parameter: str = "allowed_payment_method_types"
    is_library: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left running."""

    def ask(
        self,
        operation: str,
        *ids: str,
        params: Params | None = None,
        options: Params | None = None,
    ) -> Answered:
        """Call an operation; raises Refused."""
        words = [*operation.split("."), *ids]
        for name, value in form(params or {}):
            words += ["-d", f"{name}={value}"]
        if options:
            words += ["--idempotency", options["idempotency_key"]]
        if words[-len(ids) - 1] == "delete":
            words.append("--confirm")
        ended = subprocess.run(
            [COMMAND_LINE, *words, "--api-base", self.url],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=30,
            env={
                "HOME": str(self.home),
                "STRIPE_API_KEY": KEY,
                "STRIPE_CLI_TELEMETRY_OPTOUT": "1",
            },
        )
        # Before it deletes, it first says on whose account.
        body = json.loads(ended.stdout[ended.stdout.index("{") :])
        if "error" in body:
            raise Refused(body["error"]["type"], body["error"])
        return Answered(body)

    def all(self, operation: str, **params: Any) -> list[Any]:
        """One page: the CLI follows none."""
        found = self.call(operation, **params)["data"]
        assert isinstance(found, list)
        return found


def form(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as pairs for a form."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from form(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from form(inner, f"{name}[{index}]")
    elif isinstance(value, bool):
        yield name, str(value).lower()
    else:
        yield name, str(value)


def clients(url: str, home: Path) -> Mapping[str, Any]:
    """How to start each client, by its name."""
    python = [Path(sys.executable), TESTS / "clients" / "python_sdk.py"]
    node = [NODE, TESTS / "node" / "client.mjs"]
    return {
        "python": lambda: Library(python, url),
        "python-older": lambda: Library(python, url, older=True),
        "node": lambda: Library(node, url),
        "cli": lambda: CommandLine(url, home),
    }


def new_intent(api: ApiClient, **params: Any) -> Any:
    """A PaymentIntent for a card that will be present."""
    wanted = {
        "amount": 10_50,
        "currency": "usd",
        api.types_parameter: ["card_present"],
    }
    return api.call("payment_intents.create", **{**wanted, **params})


def card(data: bytes = APPROVED_DATA) -> Any:
    """What a local reader sends on."""
    read = {
        "emv_data": data.hex(),
        "ksn": "ffff9876543210e00001",
        "read_method": "contact_emv",
    }
    return {"payment_method_data": {"type": "card_present", "card_present": read}}


def paid_intent(api: ApiClient, **params: Any) -> Any:
    """A PaymentIntent that the issuer has approved."""
    intent = new_intent(api, **params)
    return api.call("payment_intents.confirm", intent["id"], **card())
