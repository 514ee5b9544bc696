"""Forms to trees: the official SDK's encoding, Rack's shapes and any bytes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stripe._encode import _api_encode

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.forms import (
    MAXIMUM_DEPTH,
    MAXIMUM_PARAMETERS,
    decode_form,
    decode_json,
)

NAMES = st.text(
    st.characters(exclude_characters="[]", exclude_categories=["Cs"]), min_size=1
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
TREES = st.recursive(
    st.dictionaries(NAMES, TEXTS, max_size=4),
    lambda inner: st.dictionaries(NAMES, inner | TEXTS, max_size=4),
    max_leaves=10,
)


@given(TREES)
def test_what_the_sdk_encodes_is_decoded(tree: dict[str, Any]) -> None:
    encoded = urlencode(list(_api_encode(tree))).encode()

    assert decode_form(encoded) == _without_empty(tree)


@given(st.binary(max_size=60) | st.text("ab[]=&%2", max_size=60).map(str.encode))
def test_any_bytes_are_decoded_or_refused(encoded: bytes) -> None:
    with suppress(InvalidRequest):
        assert isinstance(decode_form(encoded), dict)


@given(st.binary(max_size=60) | st.text('{}[]":,1', max_size=60).map(str.encode))
def test_any_bytes_are_json_or_refused(encoded: bytes) -> None:
    with suppress(InvalidRequest):
        assert isinstance(decode_json(encoded), dict)


@pytest.mark.parametrize(
    ("encoded", "tree"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[0]=1&a[1]=2", {"a": {"0": "1", "1": "2"}}),
        (b"a[][b]=1&a[][c]=2", {"a": [{"b": "1", "c": "2"}]}),
        (b"a[][b]=1&a[][b]=2", {"a": [{"b": "1"}, {"b": "2"}]}),
        (b"a[][]=1&a[][]=2", {"a": [["1"], ["2"]]}),
        (b"a%5Bb%5D=%C3%A9", {"a": {"b": "é"}}),
        (
            b"a[b=1&[c]=2&d]=3&e[f]g=4",
            {"a[b": "1", "[c]": "2", "d]": "3", "e[f]g": "4"},
        ),
        (b"a[b[c]]=1", {"a[b[c]]": "1"}),
    ],
)
def test_names_make_the_tree(encoded: bytes, tree: dict[str, Any]) -> None:
    assert decode_form(encoded) == tree


@pytest.mark.parametrize(
    "encoded",
    [
        b"a=1&a[b]=2",
        b"a[b]=2&a=1",
        b"a[]=1&a[b]=2",
        b"a[b]=1&a[]=2",
        b"a[b]=1&a[b][c]=2",
        b"a[b][c]=1&a[b]=2",
        b"a[]=1&a[][b][c]=2&a[b]=3",
    ],
)
def test_name_with_two_uses_is_refused(encoded: bytes) -> None:
    with pytest.raises(InvalidRequest, match="conflicting uses"):
        decode_form(encoded)


def test_nesting_has_a_limit() -> None:
    with pytest.raises(InvalidRequest, match="too deeply"):
        decode_form(b"a" + b"[b]" * MAXIMUM_DEPTH + b"=1")


def test_number_of_parameters_has_a_limit() -> None:
    with pytest.raises(InvalidRequest, match="Too many"):
        decode_form(b"&".join([b"a=1"] * (MAXIMUM_PARAMETERS + 1)))


def _without_empty(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree as far as forms can tell: an empty object sends nothing."""
    kept = {}
    for name, value in tree.items():
        inner = _without_empty(value) if isinstance(value, dict) else value
        if inner != {}:
            kept[name] = inner
    return kept
