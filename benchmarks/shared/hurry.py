"""An agent for registers in more of a hurry than any shop's."""

from __future__ import annotations

from examples.launch import AgentFolder

SETTINGS = "requests_per_s = 1000000.0\nrequest_burst = 1000000\n"


def without_limits(home: AgentFolder) -> AgentFolder:
    """The same folder, with settings under which no register is told to wait."""
    text = home.config.read_text()
    home.config.write_text(text.replace("[rest]\n", f"[rest]\n{SETTINGS}", 1))
    return home
