"""Both ends of the store: what goes in, and what goes out."""

from __future__ import annotations

from dataclasses import dataclass

from agent.offline.forwarder import Forwarder
from agent.offline.vault import Vault


@dataclass(frozen=True, slots=True)
class OfflinePayments:
    """The payments stored on this machine."""

    vault: Vault
    forwarder: Forwarder
