"""What Stripe's clients send in a body, and what is refused of it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import ParameterInvalid, RequestInvalid
from agent.rest.forms import MAX_FIELDS, Value, decode_body, decode_form

FORM = "application/x-www-form-urlencoded"


def test_nested_keys_become_hashes() -> None:
    body = b"payment_intent=pi_1&process_config[tipping][amount_eligible]=150"

    assert decode_body(body, content_type=FORM) == {
        "payment_intent": "pi_1",
        "process_config": {"tipping": {"amount_eligible": "150"}},
    }


def test_empty_brackets_append() -> None:
    assert decode_form(b"expand[]=a&expand[]=b") == {"expand": ["a", "b"]}


def test_numbers_in_brackets_stay_keys() -> None:
    assert decode_form(b"expand[0]=a&expand[1]=b") == {"expand": {"0": "a", "1": "b"}}


def test_text_is_utf_8_with_plus_for_space() -> None:
    assert decode_form(b"label=Caf%C3%A9+1") == {"label": "Café 1"}


def test_an_empty_value_is_kept_because_it_unsets() -> None:
    assert decode_form(b"metadata[order]=") == {"metadata": {"order": ""}}


def test_the_last_of_two_values_counts() -> None:
    assert decode_form(b"label=a&label=b") == {"label": "b"}


def test_an_empty_body_has_no_parameters() -> None:
    assert decode_body(b" ", content_type="text/plain") == {}


def test_a_body_without_content_type_is_a_form() -> None:
    assert decode_body(b"label=a", content_type="") == {"label": "a"}


def test_json_is_taken_as_it_is() -> None:
    body = b'{"label": "a", "process_config": {"skip_tipping": true}}'

    assert decode_body(body, content_type="application/json; charset=utf-8") == {
        "label": "a",
        "process_config": {"skip_tipping": True},
    }


def test_a_json_fraction_stays_text_so_that_no_float_touches_money() -> None:
    decoded = decode_body(b'{"amount": 10.10}', content_type="application/json")

    assert decoded == {"amount": "10.10"}


@pytest.mark.parametrize(
    "key",
    ["", "[a]", "a[", "a]", "a[b]c", "a[][b]", "a[[b]]", "a[b][c][d][e][f][g]"],
)
def test_a_key_that_makes_no_sense_is_refused(key: str) -> None:
    with pytest.raises(ParameterInvalid) as refused:
        decode_form(urlencode({key: "1"}).encode())

    assert refused.value.param == key


@pytest.mark.parametrize(
    "form",
    [
        b"a=1&a[b]=2",
        b"a[b]=1&a=2",
        b"a[]=1&a[b]=2",
        b"a[]=1&a=2",
        b"a=1&a[]=2",
        b"a[b]=1&a[b][c]=2",
    ],
)
def test_a_key_used_in_two_ways_is_refused(form: bytes) -> None:
    with pytest.raises(ParameterInvalid, match="Invalid parameter name"):
        decode_form(form)


@pytest.mark.parametrize("form", [b"label=\xff", b"label=%ff"])
def test_a_form_that_is_not_utf_8_is_refused(form: bytes) -> None:
    with pytest.raises(RequestInvalid, match="URL-encoded"):
        decode_form(form)


def test_a_form_with_too_many_fields_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="over 1000 fields"):
        decode_form(b"&".join([b"a=1"] * (MAX_FIELDS + 1)))


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"a": NaN}', b"[" * 100_000, b'"\xff"', rb'{"a": "\ud800"}'],
    ids=range(5),
)
def test_bytes_that_are_not_json_are_refused(body: bytes) -> None:
    with pytest.raises(RequestInvalid, match="not JSON"):
        decode_body(body, content_type="application/json")


def test_json_must_be_an_object() -> None:
    with pytest.raises(RequestInvalid, match="must be an object"):
        decode_body(b"[1]", content_type="application/json")


def test_another_content_type_is_refused() -> None:
    with pytest.raises(RequestInvalid, match="x-www-form-urlencoded"):
        decode_body(b"<a/>", content_type="text/xml")


names = st.text(st.characters(codec="utf-8", exclude_characters="[]"), min_size=1)
texts = st.text(st.characters(codec="utf-8"))
inner = st.dictionaries(names, texts, min_size=1, max_size=3)
hashes = st.dictionaries(
    names,
    texts | inner | st.dictionaries(names, texts | inner, min_size=1, max_size=3),
    max_size=3,
)


@given(hashes)
def test_every_hash_comes_back_from_its_form(tree: dict[str, Value]) -> None:
    encoded = urlencode(list(flattened(tree))).encode()

    assert decode_form(encoded) == tree


@given(st.binary(), st.sampled_from([FORM, "application/json"]))
def test_any_bytes_are_decoded_or_refused(body: bytes, content_type: str) -> None:
    try:
        decoded = decode_body(body, content_type=content_type)
    except RequestInvalid:
        return
    assert json.dumps(decoded)


def flattened(tree: dict[str, Value], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        name = f"{prefix}[{key}]" if prefix else key
        if isinstance(value, dict):
            pairs += flattened(value, name)
        else:
            pairs.append((name, str(value)))
    return pairs
