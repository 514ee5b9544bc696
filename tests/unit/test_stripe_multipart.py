"""Bodies of multipart/form-data, as the official clients write them."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._multipart_data_generator import MultipartDataGenerator

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.forms import MAXIMUM_PARAMETERS
from simulator.stripe_api.engine.multipart import Upload, decode_multipart

TYPE = "multipart/form-data; boundary=x1"


class NamedFile(io.BytesIO):
    """A file in memory with a name."""

    name = "/tmp/screen.png"  # noqa: S108 - a name, and never opened


@given(content=st.binary(), text=st.text())
def test_what_the_official_client_sends_is_read(content: bytes, text: str) -> None:
    generator: Any = MultipartDataGenerator()
    generator.add_params(
        {"file": NamedFile(content), "purpose": text, "file_link_data": {"create": "1"}}
    )

    tree = decode_multipart(
        generator.get_post_data(),
        f"multipart/form-data; boundary={generator.boundary}",
    )

    assert tree == {
        "file": Upload("screen.png", content),
        "purpose": text,
        "file_link_data": {"create": "1"},
    }


@given(st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for whole in (body, b"--x1\r\n" + body + b"\r\n--x1--\r\n"):
        with suppress(InvalidRequest):
            decode_multipart(whole, TYPE)


def test_boundary_may_be_quoted_and_a_path_is_not_kept() -> None:
    body = (
        b'--a b\r\ncontent-disposition: form-data; name="f"; filename="C:\\\\a.png"'
        b"\r\nContent-Type: image/png\r\n\r\nab\r\n--a b--"
    )

    tree = decode_multipart(body, 'multipart/form-data; charset=a; boundary="a b"')

    assert tree == {"f": Upload("a.png", b"ab")}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x1\r\n",
        b'--x1\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
        b"--x1\r\nA: b\r\n\r\n1\r\n--x1--",
        b"--x1\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x1--",
        b'--x1\r\nContent-Disposition: form-data; name="a"\r\n--x1--',
        b'--x1\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x1--',
        b"--x1 \r\n\r\n\r\n--x1--",
        b"--x1\r\n\r\n\r\n" * (MAXIMUM_PARAMETERS + 2),
    ],
)
def test_malformed_body_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decode_multipart(body, TYPE)


def test_missing_boundary_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no boundary"):
        decode_multipart(b"--x1--", "multipart/form-data")


def test_an_upload_does_not_show_its_content() -> None:
    assert "secret" not in repr({"file": Upload("key.pem", b"secret")})
