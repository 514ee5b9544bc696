"""What every suite shares: how thorough a run is. Fixtures live beside their suites."""

from __future__ import annotations

import signal
from collections import Counter
from itertools import chain

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "full", settings.get_profile("ci"), derandomize=False, max_examples=1000
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--full` takes every case where `make test` takes a seeded sample."""
    parser.addoption("--full", action="store_true", help="run tests marked `full`")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many cases the generated suites went through, over all their tests.

    A test tells of its own with `record_property("cases of …", count)`.
    """
    counts: Counter[str] = Counter()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if type(report) is pytest.TestReport and report.when == "call":
            counts.update(
                {
                    name: count
                    for name, count in report.user_properties
                    if name.startswith("cases of ")
                }
            )
    for name, count in sorted(counts.items()):
        terminalreporter.write_line(f"{name}: {count}")


def pytest_configure(config: pytest.Config) -> None:
    """Choose how many examples a property gets, and see to it that Ctrl-C counts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell starts what it has in the background; children would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.load_profile("full" if config.getoption("--full") else "ci")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Skip the tests marked `full` unless they were asked for."""
    if config.getoption("--full"):
        return
    for item in items:
        if "full" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="needs --full"))
