"""`cardlane --version`."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from agent.cli import main


def test_version_is_that_of_the_installed_distribution(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["cardlane", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"cardlane {version('cardlane')}\n"
