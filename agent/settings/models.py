"""Every setting with its default and its limits. docs/operations.md explains each."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from agent.money import Amount

DEFAULT_STATE_DIR = Path("/var/lib/cardlane")


def _listed(value: object) -> object:
    """A list as an environment variable has it: separated by commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _leads(value: object) -> object:
    """One number may stand for a list of one."""
    return [value] if isinstance(value, int) else _listed(value)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _loopback(host: str) -> str:
    if not _is_loopback(host):
        raise ValueError("must be a loopback address such as 127.0.0.1 or ::1")
    return host


def _address(host: str) -> str:
    """Raises ValueError for a name: what it stands for may change."""
    return str(ip_address(host))


def _host_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]", name.lower()):
        raise ValueError("must be a host name or address without port")
    return name.lower()


def _origin(origin: str) -> str:
    parts = urlsplit(origin)
    if parts.scheme not in {"http", "https"} or origin != (
        f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError("must be an origin such as https://till.example, without path")
    return origin


def _api_base(url: str) -> str:
    """A key must not cross a network in the clear."""
    parts = urlsplit(url)
    is_private = parts.scheme == "https" or (
        parts.scheme == "http" and _is_loopback(parts.hostname or "")
    )
    if not is_private or not parts.hostname:
        raise ValueError("must be https://…, or http://… on this machine")
    return url.rstrip("/")


def _repository(source: str) -> str:
    """Plain HTTP will do: what is fetched is believed by its signatures only."""
    parts = urlsplit(source)
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    if not is_web and not Path(source).is_absolute():
        raise ValueError("must be http(s)://… or the absolute path of a bundle")
    return source


def _broker(url: str) -> str:
    """A password must not cross a network in the clear."""
    parts = urlsplit(url)
    is_private = parts.scheme == "mqtts" or (
        parts.scheme == "mqtt" and _is_loopback(parts.hostname or "")
    )
    if not is_private or not parts.hostname or parts.path or parts.username:
        raise ValueError("must be mqtts://host[:port], or mqtt://… on this machine")
    return url


def _machine(name: str) -> str:
    if name == "all" or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError("must be 1 to 64 letters, digits, - or _, and not `all`")
    return name


def _amounts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Amounts such as `100.00 usd`, one a currency."""
    currencies = [Amount.parse(value).currency for value in values]
    if len(set(currencies)) != len(currencies):
        raise ValueError("must name each currency once")
    return values


_WINDOW = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
Strings = Annotated[tuple[str, ...], BeforeValidator(_listed)]

Origins = Annotated[
    tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_listed)
]
Names = Annotated[
    tuple[Annotated[str, AfterValidator(_host_name)], ...], BeforeValidator(_listed)
]
Amounts = Annotated[tuple[str, ...], BeforeValidator(_listed), AfterValidator(_amounts)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Leads = Annotated[
    tuple[Annotated[int, Field(gt=0, le=31 * 86_400)], ...], BeforeValidator(_leads)
]


class _Section(BaseModel):
    """Frozen, and refuses what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RestSettings(_Section):
    """The local API."""

    host: Annotated[str, AfterValidator(_loopback)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7345
    """0 takes any free port."""
    socket: Path | None = None
    """A UNIX socket beside the port; None for none."""
    origins: Origins = ()
    """Web pages that may call the agent."""
    max_body_bytes: Annotated[int, Field(gt=0)] = 1_048_576
    requests_per_s: Annotated[float, Field(gt=0)] = 500.0
    """From one local key, in the long run."""
    request_burst: Annotated[int, Field(gt=0)] = 1000
    """From one local key at once."""
    request_timeout_s: Seconds = 10.0
    """How long a caller may take to send a request's head, and as long for its body."""
    max_connections: Annotated[int, Field(gt=0)] = 256
    """Open at once, on each of the two ways in; more are told to come back."""
    tls_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """A second way in, over TLS only; None for none."""
    tls_host: Annotated[str, AfterValidator(_address)] = "127.0.0.1"
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_client_ca_file: Path | None = None
    """Callers must show a certificate that this authority has signed."""
    tls_crl_file: Path | None = None
    """Which of its certificates no longer count."""
    tls_names: Names = ()
    """Under which callers may ask for the agent there; no others."""

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        needed = (self.tls_cert_file, self.tls_key_file, self.tls_names)
        if self.tls_port is not None and not all(needed):
            raise ValueError("tls_port needs tls_cert_file, tls_key_file and tls_names")
        if self.tls_crl_file is not None and self.tls_client_ca_file is None:
            raise ValueError("tls_crl_file needs tls_client_ca_file")
        return self


class StripeSettings(_Section):
    """The way to Stripe's API."""

    api_base: Annotated[str, AfterValidator(_api_base)] = "https://api.stripe.com"
    api_key_file: Path | None = None
    api_version: str = "2026-10-28.endive"
    timeout_s: Seconds = 30.0
    """For one whole request."""
    max_retries: Annotated[int, Field(ge=0, le=10)] = 2
    """Of a request that certainly had no effect; others are never repeated blindly."""


class PaymentSettings(_Section):
    """How a payment is taken."""

    card_timeout_s: Annotated[int, Field(ge=1, le=255)] = 60
    """How long the cardholder has; the reader counts it."""
    chip_flow: Literal["emv", "quick_chip"] = "emv"
    online_timeout_s: Annotated[float, Field(ge=1, le=170)] = 30.0
    """How long an inserted card waits for Stripe's answer; then it is told that nobody
    could be reached, and what is approved after all is taken back."""
    confirm_within_s: Annotated[float, Field(gt=0, le=30)] = 30.0
    """How long a collected card waits for `confirm_payment_intent`; Stripe's is 30 s."""
    resume_confirm_within_s: Seconds = 60.0
    """How old an interrupted confirm may be to be repeated; later it is looked up."""
    smart_reader_timeout_s: Seconds = 300.0
    """How long one of Stripe's readers may take before its action is canceled."""
    settle_retry_max_s: Seconds = 30.0
    """The longest wait between two questions about an unknown outcome."""
    authorization_warning_s: Leads = (86_400,)
    """How long before held money is released it is warned of; empty for never."""


class ReaderSettings(_Section):
    """Where readers are looked for."""

    serial_ports: Strings = ()
    """Device paths to try; empty for all that look like a reader."""
    connect_timeout_s: Seconds = 90.0
    """For one attempt to connect, whatever the port and the reader do; pairing takes long."""
    reconnect_min_s: Seconds = 0.2
    reconnect_max_s: Seconds = 5.0
    recordings: Path | None = None
    """A folder for what passes between agent and readers; None records nothing."""
    reconnect_budget_s: Seconds = 60.0
    """How long a reader is reconnecting before it counts as gone; it is tried on."""
    quarantine_after: Annotated[int, Field(ge=2)] = 5
    """So many losses within the window, and the reader is left alone for a while."""
    quarantine_window_s: Seconds = 60.0
    quarantine_s: Seconds = 300.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.reconnect_min_s > self.reconnect_max_s:
            raise ValueError("reconnect_min_s must not exceed reconnect_max_s")
        return self


class TerminalSettings(_Section):
    """Locations and Configurations."""

    refresh_interval_s: Annotated[float, Field(ge=10, allow_inf_nan=False)] = 600.0
    """The longest time between two questions about them to Stripe."""
    token_locations: Strings = ()
    """Locations for which connection tokens are minted; all where empty."""
    tokens_per_minute: Annotated[float, Field(gt=0)] = 30.0
    """Connection tokens for one local key, in the long run."""


class FirmwareSettings(_Section):
    """Where readers' firmware comes from, and when it is installed."""

    repository: Annotated[str, AfterValidator(_repository)] | None = None
    """The address of a signed repository, or the path of a bundle."""
    root_file: Path | None = None
    """The root metadata to trust: whose signatures count."""
    window: Annotated[str, Field(pattern=_WINDOW)] = "02:00-05:00"
    """When a reader may be taken out of service, local time."""
    automatic: Literal["off", "check", "install"] = "off"
    check_interval_s: Annotated[float, Field(ge=60, allow_inf_nan=False)] = 86_400.0
    restart_timeout_s: Seconds = 600.0
    """How long a reader may stay away after its activation."""
    download_timeout_s: Seconds = 900.0
    max_image_bytes: Annotated[int, Field(gt=0)] = 33_554_432


class OfflineSettings(_Section):
    """Payments without network: stored here, charged later, at the merchant's risk."""

    key_file: Path | None = None
    """The key that seals what is stored; without one nothing is."""
    max_payment: Amounts = ()
    """The largest payment of each currency that may be stored; others may not be."""
    max_stored: Amounts = ()
    """How much may be stored at a time, by currency."""
    max_payments: Annotated[int, Field(ge=1, le=10_000)] = 500
    """How many may be stored at a time."""
    max_age_s: Seconds = 604_800.0
    """Once the oldest stored payment is older, no more are stored."""
    decide_within_s: Seconds = 5.0
    """How long Stripe is waited for before a payment is taken offline."""
    forward_retry_max_s: Seconds = 60.0
    """The longest wait between two attempts to forward."""

    @model_validator(mode="after")
    def _limited(self) -> Self:
        if set(self.payment_limits) != set(self.stored_limits):
            raise ValueError("max_payment and max_stored must name the same currencies")
        return self

    @property
    def payment_limits(self) -> dict[str, int]:
        """`max_payment` in minor units by currency."""
        return _by_currency(self.max_payment)

    @property
    def stored_limits(self) -> dict[str, int]:
        """`max_stored` in minor units by currency."""
        return _by_currency(self.max_stored)


def _by_currency(values: tuple[str, ...]) -> dict[str, int]:
    amounts = (Amount.parse(value) for value in values)
    return {amount.currency: amount.minor for amount in amounts}


class EventSettings(_Section):
    """How long events are kept, and where they may be delivered."""

    keep_s: Annotated[float, Field(ge=3600, allow_inf_nan=False)] = 2_592_000.0
    keep_most: Annotated[int, Field(ge=1000, le=10_000_000)] = 100_000
    """The oldest go before their time where there are more."""
    webhook_hosts: Strings = ()
    """Hosts beside this machine that events may be sent to, over https only."""
    webhook_ca_file: Path | None = None
    """Whose certificates they and this machine may show; None for the system's."""
    webhook_timeout_s: Seconds = 10.0
    webhook_disable_after_s: Annotated[float, Field(ge=60, allow_inf_nan=False)] = (
        259_200.0
    )
    """An endpoint that took nothing for so long is sent nothing more."""


class FleetSettings(_Section):
    """The broker by which many machines are seen and told as one."""

    broker: Annotated[str, AfterValidator(_broker)] | None = None
    """`mqtts://host:8883`, or `mqtt://` on this machine; None for none."""
    machine: Annotated[str, AfterValidator(_machine)] | None = None
    """What this machine is called there; None for a name made of /etc/machine-id."""
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){0,3}$")] = (
        "cardlane"
    )
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    """Who signed the broker's certificate; None for the system's authorities."""
    client_cert_file: Path | None = None
    """This machine's certificate, with its key in `client_key_file`."""
    client_key_file: Path | None = None
    order_keys_file: Path | None = None
    """Whose orders count: a name and an Ed25519 public key a line."""
    orders: Strings = ("identify", "collect_diagnostics")
    """Which orders are carried out."""
    metrics_interval_s: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 60.0


class CliSettings(_Section):
    """How the command line reaches an agent, on this machine or another."""

    url: Annotated[str, AfterValidator(_api_base)] | None = None
    """None for the agent with these settings, on this machine."""
    ca_file: Path | None = None
    """Who signed that agent's certificate; None for the system's authorities."""
    client_cert_file: Path | None = None
    """What it is shown, with the key in `client_key_file`."""
    client_key_file: Path | None = None


class LogSettings(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "console", "journald"] = "json"


class Settings(_Section):
    """All of them."""

    state_dir: Path = DEFAULT_STATE_DIR
    accounts_dir: Path | None = None
    """Where further accounts are, a file each; None for none."""
    rest: RestSettings = RestSettings()
    stripe: StripeSettings = StripeSettings()
    payments: PaymentSettings = PaymentSettings()
    readers: ReaderSettings = ReaderSettings()
    terminal: TerminalSettings = TerminalSettings()
    firmware: FirmwareSettings = FirmwareSettings()
    offline: OfflineSettings = OfflineSettings()
    events: EventSettings = EventSettings()
    fleet: FleetSettings = FleetSettings()
    cli: CliSettings = CliSettings()
    log: LogSettings = LogSettings()
