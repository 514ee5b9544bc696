"""The search query language against objects."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.search import FieldType, Query, SearchFields, parse

FIELDS: SearchFields = {
    "amount": FieldType.NUMBER,
    "card.last4": FieldType.TOKEN,
    "email": FieldType.TEXT,
    "metadata": FieldType.METADATA,
    "refunded": FieldType.TOKEN,
    "status": FieldType.TOKEN,
}
OBJECT = {
    "amount": 1000,
    "card": {"last4": "4242"},
    "email": "Jo.Doe@example.com",
    "metadata": {"order": "7", 'a "b"': "c d"},
    "refunded": False,
    "status": "succeeded",
    "customer": None,
}


@pytest.mark.parametrize(
    "query",
    [
        "amount:1000",
        'amount:"1000"',
        "amount>999",
        "amount>=1000 amount<=1000",
        "amount<1001 AND amount>1",
        "amount:1 OR amount:1000",
        "-amount:1",
        'status:"succeeded"',
        "status:'SUCCEEDED'",
        'email:"jo.doe@EXAMPLE.com"',
        'email~"example"',
        'card.last4:"4242"',
        'metadata["order"]:"7"',
        "metadata['order']:'7'",
        'metadata["a \\"b\\""]:"c d"',
        'metadata["none"]:null',
        '-metadata["order"]:null',
        '-metadata["none"]:"7"',
        'refunded:"false"',
        '  status:"succeeded"   and   amount:1000  ',
    ],
)
def test_object_satisfies(query: str) -> None:
    assert parse(query, FIELDS).matches(OBJECT)


@pytest.mark.parametrize(
    "query",
    [
        "amount:1001",
        "amount>1000",
        "-amount:1000",
        'status:"succeed"',
        'email~"elsewhere"',
        'metadata["order"]:null',
        'metadata["none"]:"7"',
        'metadata["order"]:"7" AND amount:1',
        "amount:1 OR amount:2",
        "amount:null",
    ],
)
def test_object_does_not_satisfy(query: str) -> None:
    assert not parse(query, FIELDS).matches(OBJECT)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "unable to parse"),
        ("amount", "unable to parse"),
        ("amount:", "unable to parse"),
        ("amount:ten", "unable to parse"),
        ('status:"open', "unable to parse"),
        ('status:"a"status:"b"', "unable to parse"),
        ("amount:1 AND", "unable to parse"),
        ("foo:1", "`foo` is an unsupported search field"),
        ('metadata:"7"', "unsupported search field"),
        ('status["a"]:"b"', "unsupported search field"),
        ('status~"succ"', "operator `~` is not supported"),
        ('email>"a"', "operator `>` is not supported"),
        ('email~"ab"', "at least 3 characters"),
        ("email~null", "at least 3 characters"),
        ("amount:1 AND amount:2 OR amount:3", "cannot combine AND and OR"),
        (" ".join(["amount:1"] * 11), "up to 10 clauses"),
    ],
)
def test_query_is_refused(query: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(query, FIELDS)

    assert message in caught.value.message
    assert caught.value.param == "query"


@given(key=st.text(), value=st.text())
def test_any_metadata_are_found_when_quoted(key: str, value: str) -> None:
    quoted = f"metadata[{_quoted(key)}]:{_quoted(value)}"

    assert parse(quoted, FIELDS).matches({"metadata": {key: value}})


@given(st.text("amount:><=~-\"'\\[] ANDORnull17", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(InvalidRequest):
        assert isinstance(parse(text, FIELDS), Query)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
