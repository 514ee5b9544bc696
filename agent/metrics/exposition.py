"""The measurements in Prometheus' text form. Loaded with the first scrape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector, CollectorRegistry

from agent.metrics.measurements import Measurements
from agent.metrics.timings import Timings

__all__ = ["CONTENT_TYPE_LATEST", "Standing", "exposition"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the agent stands at this moment."""

    readers_online: Mapping[str, bool]
    """By reader id."""
    payments_unfinished: int
    payments_unsettled: int
    """Stripe has not said yet what became of them."""
    payments_held: int
    """Their money awaits a capture, as far as the journal knows."""
    authorizations_expiring: int
    """Of these, those that somebody was warned of."""
    offline_payments: Mapping[str, int]
    """Stored payments, by where they stand."""
    offline_oldest_s: float
    """How long the oldest that Stripe still needs has waited; 0 without any."""
    certificate_days_left: Mapping[str, float]
    """By what the certificate is for; negative once it has ended."""
    free_bytes: int
    """On the journal's disk."""
    is_ready: bool
    """Whether a payment could start."""


Account = tuple[Measurements, Standing]


def exposition(
    measurements: Measurements,
    standing: Standing,
    *,
    further: Mapping[str, Account] | None = None,
) -> bytes:
    """All metrics, as a scraper reads them.

    Those of `further` accounts have the label `account`, the others have not.
    """
    families = _families(measurements, standing)
    for name, account in (further or {}).items():
        for family, more in zip(families, _families(*account), strict=True):
            for sample in more.samples:
                labels = {**sample.labels, "account": name}
                family.add_sample(sample.name, labels, sample.value)
    registry = CollectorRegistry()
    registry.register(_Family(families))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def _families(measurements: Measurements, standing: Standing) -> list[Metric]:
    return [
        *_standing(standing),
        *_offline(standing),
        *_certificates(standing),
        *_counted(measurements),
        *_timed(measurements),
    ]


class _Family(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _standing(standing: Standing) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "cardlane_info", "The version at work.", labels=["version"]
    )
    info.add_metric([version("cardlane")], 1)
    yield info
    online = GaugeMetricFamily(
        "cardlane_reader_online", "1 while the reader is online.", labels=["reader"]
    )
    for reader_id, is_online in standing.readers_online.items():
        online.add_metric([reader_id], is_online)
    yield online
    yield GaugeMetricFamily(
        "cardlane_payments_unfinished",
        "Actions on readers that are under way.",
        value=standing.payments_unfinished,
    )
    yield GaugeMetricFamily(
        "cardlane_payments_unsettled",
        "Payments of which Stripe has not said yet what became of them.",
        value=standing.payments_unsettled,
    )
    yield GaugeMetricFamily(
        "cardlane_payments_held",
        "Payments whose money awaits a capture.",
        value=standing.payments_held,
    )
    yield GaugeMetricFamily(
        "cardlane_authorizations_expiring",
        "Held payments that must be captured soon.",
        value=standing.authorizations_expiring,
    )
    yield GaugeMetricFamily(
        "cardlane_journal_free_bytes",
        "Room on the disk of the journal.",
        value=standing.free_bytes,
    )
    yield GaugeMetricFamily(
        "cardlane_ready", "1 if a payment could start.", value=standing.is_ready
    )


def _offline(standing: Standing) -> Iterator[Metric]:
    stored = GaugeMetricFamily(
        "cardlane_offline_payments",
        "Payments taken without network.",
        labels=["status"],
    )
    for status, payments in standing.offline_payments.items():
        stored.add_metric([status], payments)
    yield stored
    yield GaugeMetricFamily(
        "cardlane_offline_oldest_seconds",
        "For how long the oldest stored payment has waited.",
        value=standing.offline_oldest_s,
    )


def _certificates(standing: Standing) -> Iterator[Metric]:
    left = GaugeMetricFamily(
        "cardlane_certificate_days_left",
        "Until a certificate, or a list of revoked ones, ends.",
        labels=["use"],
    )
    for use, days in standing.certificate_days_left.items():
        left.add_metric([use], days)
    yield left


def _counted(measured: Measurements) -> Iterator[Metric]:
    yield _counts(
        "cardlane_payments_ended",
        "Actions that ended.",
        "outcome",
        measured.payments_ended,
    )
    yield _counts(
        "cardlane_payment_phases", "Phases entered.", "phase", measured.payment_phases
    )
    yield _counts(
        "cardlane_reader_reconnects",
        "Attempts to get a lost reader back, and how they ended.",
        "step",
        measured.reconnects,
    )
    yield _counts(
        "cardlane_reader_disconnects", "Readers lost.", "reason", measured.disconnects
    )
    yield _counts(
        "cardlane_firmware_updates_ended",
        "Firmware updates that ended.",
        "outcome",
        measured.updates_ended,
    )
    yield CounterMetricFamily(
        "cardlane_journal_changes",
        "Changes written with those commits.",
        value=measured.journal_changes,
    )


def _timed(measured: Measurements) -> Iterator[Metric]:
    yield _timings(
        "cardlane_stripe_request_seconds",
        "Requests to Stripe.",
        ["method", "outcome"],
        measured.stripe_requests,
    )
    yield _timings(
        "cardlane_http_request_seconds",
        "Requests to the local API, waiting by Prefer included.",
        ["method", "route", "status"],
        measured.http_requests,
    )
    yield _timings(
        "cardlane_journal_commit_seconds",
        "Commits of the journal, the disk's part included.",
        [],
        {(): measured.journal_commits},
    )


def _counts(
    name: str, documentation: str, label: str, counts: Mapping[str, int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, documentation, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _timings(
    name: str,
    documentation: str,
    labels: list[str],
    timings: Mapping[tuple[str, ...], Timings],
) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, documentation, labels=labels)
    for values, timing in sorted(timings.items()):
        family.add_metric(values, list(timing.cumulative()), sum_value=timing.total_s)
    return family
