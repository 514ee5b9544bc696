"""Files and file links, through the official client."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
import stripe
from stripe_api_server import StripeApiServer, serving
from stripe_sdk_types import violations

from simulator.clock import ManualClock

pytest_plugins = ("stripe_api_fixtures",)

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1080, 1920)
GIF = b"GIF89a" + struct.pack("<HH", 1080, 1920)
PDF = b"%PDF-1.7\n"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
PRIVATE_KEY = b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
SPLASHSCREEN = "terminal_reader_splashscreen"
MEGABYTE = 1024 * 1024


class NamedFile(io.BytesIO):
    """A file in memory with a name."""

    def __init__(self, content: bytes, name: str = "screen.png") -> None:
        super().__init__(content)
        self.name = name


def upload(
    client: stripe.StripeClient,
    content: bytes = PNG,
    *,
    purpose: str = SPLASHSCREEN,
    name: str = "screen.png",
    **more: Any,
) -> stripe.File:
    """A file as register apps send it."""
    sent: Any = {"file": NamedFile(content, name), "purpose": purpose, **more}
    return client.v1.files.create(sent)


def test_uploaded_file_is_what_the_sdk_declares(client: stripe.StripeClient) -> None:
    file = upload(client, name="folder/screen.png")

    assert (file.filename, file.type, file.size) == ("screen.png", "png", len(PNG))
    assert list(violations(file.to_dict(), stripe.File)) == []
    assert client.v1.files.retrieve(file.id) == file


def test_content_is_read_back_with_the_key(server: StripeApiServer) -> None:
    file = upload(server.client())
    path = (file.url or "").removeprefix(server.url)

    answer = server.request("GET", path)

    assert (answer.status, answer.body) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert server.request("GET", path, key=None).status == 401


@pytest.mark.parametrize(
    ("purpose", "content", "name", "type_"),
    [
        (SPLASHSCREEN, GIF, "s.gif", "gif"),
        (SPLASHSCREEN, GIF + bytes(4 * MEGABYTE - len(GIF)), "s.gif", "gif"),
        (SPLASHSCREEN, PNG, "misnamed.gif", "png"),
        ("dispute_evidence", PDF, "evidence.pdf", "pdf"),
        ("terminal_wifi_certificate", CERTIFICATE, "ca.pem", "pem"),
        ("terminal_wifi_private_key", PRIVATE_KEY, "key.pem", "pem"),
        ("tax_document_user_upload", b"a,b\n1,2\n", "tax.CSV", "csv"),
        ("issuing_regulatory_reporting", b'{"a": 1}', "report", "json"),
        ("customer_signature", b"<?xml?><svg></svg>", "signature.svg", "svg"),
    ],
)
def test_format_is_told_by_the_content(
    client: stripe.StripeClient, purpose: str, content: bytes, name: str, type_: str
) -> None:
    assert upload(client, content, purpose=purpose, name=name).type == type_


@pytest.mark.parametrize(
    ("purpose", "content"),
    [
        (SPLASHSCREEN, PDF),
        (SPLASHSCREEN, b"not an image at all"),
        (SPLASHSCREEN, PNG[:20]),
        (SPLASHSCREEN, PNG + bytes(2 * MEGABYTE)),
        (SPLASHSCREEN, GIF + bytes(4 * MEGABYTE)),
        ("dispute_evidence", GIF),
        ("terminal_wifi_certificate", PRIVATE_KEY),
        ("terminal_wifi_private_key", CERTIFICATE),
        ("terminal_wifi_private_key", b"AAAA"),
        ("pci_document", b"[" * 100_000),
    ],
)
def test_file_that_does_not_fit_its_purpose_is_refused(
    client: stripe.StripeClient, purpose: str, content: bytes
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        upload(client, content, purpose=purpose)

    assert caught.value.param == "file"
    assert client.v1.files.list().data == []


def test_unknown_purpose_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        upload(client, purpose="selfie")

    assert caught.value.param == "purpose"


def test_text_is_no_file(server: StripeApiServer) -> None:
    answer = server.request(
        "POST", "/v1/files", body=b"file=abc&purpose=dispute_evidence"
    )

    assert (answer.status, answer.error["param"]) == (400, "file")


def test_body_beyond_the_limit_is_refused(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.APIError) as caught:
        upload(client, bytes(18 * MEGABYTE))

    assert caught.value.http_status == 413


def test_files_are_listed_by_purpose(client: stripe.StripeClient) -> None:
    screen = upload(client)
    evidence = upload(client, PDF, purpose="dispute_evidence")

    listed = client.v1.files.list({"purpose": "dispute_evidence"})

    assert [file.id for file in listed.data] == [evidence.id]
    assert [file.id for file in client.v1.files.list().data] == [evidence.id, screen.id]


def test_private_keys_cannot_be_read_back(server: StripeApiServer) -> None:
    file = upload(
        server.client(), PRIVATE_KEY, purpose="terminal_wifi_private_key", name="k.pem"
    )

    answer = server.request("GET", f"/v1/files/{file.id}/contents")

    assert file.url is None
    assert answer.status == 400


def test_uploads_are_logged_without_their_content(server: StripeApiServer) -> None:
    upload(server.client(), PRIVATE_KEY, purpose="terminal_wifi_private_key")

    logged = server.request("GET", "/simulator/requests", key=None)

    assert logged.json["data"][-1]["parameters"]["file"] == (
        f"[file of {len(PRIVATE_KEY)} bytes]"
    )
    assert b"PRIVATE KEY" not in logged.body


def test_upload_is_idempotent(server: StripeApiServer) -> None:
    client = server.client()

    first, second = (
        client.v1.files.create(
            {"file": NamedFile(PNG), "purpose": SPLASHSCREEN},
            {"idempotency_key": "upload"},
        )
        for _ in range(2)
    )

    assert first == second
    assert len(client.v1.files.list().data) == 1


def test_upload_is_idempotent_after_a_restore_too(server: StripeApiServer) -> None:
    def sent(content: bytes) -> stripe.File:
        return server.client().v1.files.create(
            {"file": NamedFile(content), "purpose": SPLASHSCREEN},
            {"idempotency_key": "upload"},
        )

    first = sent(PNG)
    dump = server.request("GET", "/simulator/dump", key=None).json
    server.request("POST", "/simulator/restore", json_body=dump, key=None)

    assert sent(PNG) == first
    with pytest.raises(stripe.IdempotencyError):
        sent(GIF)


def test_link_is_readable_by_anyone(server: StripeApiServer) -> None:
    client = server.client()
    file = upload(client)

    link = client.v1.file_links.create({"file": file.id, "metadata": {"a": "b"}})

    answer = _follow(server, link)
    assert (answer.status, answer.body) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert list(violations(link.to_dict(), stripe.FileLink)) == []


def test_file_shows_its_links(client: stripe.StripeClient) -> None:
    file = upload(client, file_link_data={"create": True, "metadata": {"a": "b"}})
    second = client.v1.file_links.create({"file": file.id})

    shown = client.v1.files.retrieve(file.id).links
    expanded = client.v1.file_links.retrieve(second.id, {"expand": ["file"]}).file

    assert shown is not None
    assert shown.data[0].id == second.id
    assert shown.data[1].metadata.to_dict() == {"a": "b"}
    assert isinstance(expanded, stripe.File)
    assert expanded.links is not None
    assert len(expanded.links.data) == 2
    assert client.v1.file_links.list({"file": file.id}).data == shown.data


def test_link_expires_by_itself() -> None:
    with serving() as server:
        assert isinstance(server.clock, ManualClock)
        client = server.client()
        file = upload(client)
        now = int(server.clock.now().timestamp())
        link = client.v1.file_links.create({"file": file.id, "expires_at": now + 60})
        assert not link.expired

        server.clock.advance(60)

        assert client.v1.file_links.retrieve(link.id).expired
        assert _follow(server, link).status == 404
        assert len(client.v1.file_links.list({"expired": True}).data) == 1
        assert client.v1.file_links.list({"expired": False}).data == []
        with pytest.raises(stripe.InvalidRequestError, match="no longer be updated"):
            client.v1.file_links.update(link.id, {"metadata": {"a": "b"}})


def test_link_is_changed_and_ended(server: StripeApiServer) -> None:
    client = server.client()
    now = int(server.clock.now().timestamp())
    link = client.v1.file_links.create(
        {"file": upload(client).id, "expires_at": now + 60}
    )

    kept = client.v1.file_links.update(
        link.id, {"expires_at": "", "metadata": {"a": "b"}}
    )
    later = client.v1.file_links.update(link.id, {"expires_at": now + 9})
    ended = client.v1.file_links.update(link.id, {"expires_at": "now"})

    assert (kept.expires_at, kept.metadata.to_dict()) == (None, {"a": "b"})
    assert later.expires_at == now + 9
    assert ended.expired
    assert _follow(server, link).status == 404


@pytest.mark.parametrize(
    ("purpose", "content", "changes", "param"),
    [
        ("terminal_wifi_certificate", CERTIFICATE, {}, "file"),
        (SPLASHSCREEN, PNG, {"expires_at": 1}, "expires_at"),
    ],
)
def test_link_that_cannot_be_is_refused(
    client: stripe.StripeClient,
    purpose: str,
    content: bytes,
    changes: dict[str, Any],
    param: str,
) -> None:
    file = upload(client, content, purpose=purpose)

    sent: Any = {"file": file.id, **changes}

    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.file_links.create(sent)
    with pytest.raises(stripe.InvalidRequestError):
        upload(
            client, content, purpose=purpose, file_link_data={"create": True, **changes}
        )

    assert caught.value.param == param
    assert len(client.v1.files.list().data) == 1


@pytest.mark.parametrize("token", ["x", "test_link_x_y", "live__"])
def test_unknown_link_leads_nowhere(server: StripeApiServer, token: str) -> None:
    assert server.request("GET", f"/links/{token}", key=None).status == 404


def _follow(server: StripeApiServer, link: stripe.FileLink) -> Any:
    path = (link.url or "").removeprefix(server.url)
    assert path.startswith("/links/")
    return server.request("GET", path, key=None)
