"""`cardlane …` in the test's own process, as a person at a terminal sees it."""

from __future__ import annotations

import pytest

from agent.cli import main


class Terminal:
    """Runs commands; what they print is kept."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.out = ""
        self.err = ""

    def run(self, *arguments: str) -> int:
        """The exit code; what was printed is in `out` and `err`."""
        self._monkeypatch.setattr("sys.argv", ["cardlane", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        self.out, self.err = self._capsys.readouterr()
        code = ended.value.code
        return code if isinstance(code, int) else 0
