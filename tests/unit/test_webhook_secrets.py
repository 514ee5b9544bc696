"""The secrets of webhooks: in a file for its owner only, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from secrets import token_bytes

import pytest

from agent.errors import JournalUnavailable
from agent.outbox.secrets import WebhookSecrets, new_secret


async def test_a_secret_outlives_the_program(tmp_path: Path) -> None:
    secrets = WebhookSecrets(tmp_path / "webhook_secrets")
    await secrets.put("we_1", "whsec_one")
    await secrets.put("we_2", "whsec_two")
    await secrets.delete("we_1")

    revived = WebhookSecrets(tmp_path / "webhook_secrets")

    assert (revived.get("we_1"), revived.get("we_2")) == (None, "whsec_two")
    assert os.listdir(tmp_path) == ["webhook_secrets"]


async def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    await WebhookSecrets(tmp_path / "webhook_secrets").put("we_1", "whsec_one")

    mode = (tmp_path / "webhook_secrets").stat().st_mode

    assert stat.S_IMODE(mode) == 0o600


async def test_printing_prints_no_secret(tmp_path: Path) -> None:
    secrets = WebhookSecrets(tmp_path / "webhook_secrets")
    await secrets.put("we_1", "whsec_one")

    assert "whsec" not in repr(secrets)


async def test_a_secret_that_cannot_be_kept_is_not_used(tmp_path: Path) -> None:
    secrets = WebhookSecrets(tmp_path / "nowhere" / "webhook_secrets")

    with pytest.raises(JournalUnavailable):
        await secrets.put("we_1", "whsec_one")

    assert secrets.get("we_1") is None


@pytest.mark.parametrize("content", ["", "[]", "{", "null"])
def test_a_file_that_is_not_ours_holds_no_secret(content: str, tmp_path: Path) -> None:
    (tmp_path / "webhook_secrets").write_text(content)

    assert WebhookSecrets(tmp_path / "webhook_secrets").get("we_1") is None


def test_a_secret_has_the_form_of_stripes() -> None:
    secret = new_secret(token_bytes)

    assert secret.startswith("whsec_")
    assert len(secret) == 38
    assert secret != new_secret(token_bytes)
