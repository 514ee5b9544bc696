"""The store's collections against a plain list, and expansion over them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simulator.stripe_api.engine.errors import InvalidRequest
from simulator.stripe_api.engine.expand import check_paths, expanded
from simulator.stripe_api.engine.store import Collection, Kind, Store, Sublist

COLORS = st.sampled_from(["red", "green"])
SHAPES = Kind[dict[str, Any]](
    name="shape", prefix="sh", noun="shape", indexes=("color",)
)


class CollectionModel(RuleBasedStateMachine):
    """A collection and a list of what should be in it."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store()
        self.collection: Collection[dict[str, Any]] = self.store.of(SHAPES)
        self.model: list[dict[str, Any]] = []
        self.count = 0

    @rule(color=COLORS)
    def add(self, color: str) -> None:
        """Put a new object."""
        self.count += 1
        value = {"id": f"x_{self.count}", "color": color}
        self.collection.put(value)
        self.model.append(value)

    @precondition(lambda self: self.model)
    @rule(color=COLORS, data=st.data())
    def replace(self, color: str, data: st.DataObject) -> None:
        """Put an object with an id that is there."""
        index = data.draw(st.integers(0, len(self.model) - 1))
        value = {**self.model[index], "color": color}
        self.collection.put(value)
        self.model[index] = value

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """Delete an object that is there."""
        gone = self.model.pop(data.draw(st.integers(0, len(self.model) - 1)))
        self.collection.delete(gone["id"], tombstone={"was": gone["id"]})

        assert self.collection.get(gone["id"]) is None
        assert self.collection.tombstone(gone["id"]) == {"was": gone["id"]}

    @rule(data=st.data())
    def attempt_in_vain(self, data: st.DataObject) -> None:
        """Do this and that, and take it back."""
        buried = dict(self.collection.tombstones())
        with self.store.attempt() as take_back:
            for color in data.draw(st.lists(COLORS | st.none(), max_size=4)):
                known = [value["id"] for value in self.collection.newest_first()]
                shape = data.draw(st.sampled_from([*known, "x_new"]))
                if color is not None:
                    self.collection.put({"id": shape, "color": color})
                elif shape in known:
                    self.collection.delete(shape, tombstone={"was": color})
                else:
                    self.collection.bury(shape, {"was": color})
            take_back()

        assert self.collection.tombstones() == buried

    @invariant()
    def is_the_model(self) -> None:
        """Order, cursors and index agree with the list."""
        assert len(self.collection) == len(self.model)
        assert list(self.collection.newest_first()) == self.model[::-1]
        for color in "red", "green":
            having = [value for value in self.model[::-1] if value["color"] == color]
            assert self.collection.having("color", color) == having
        for index, value in enumerate(self.model):
            older = list(self.collection.newest_first(after=value["id"]))
            newer = list(self.collection.oldest_first(after=value["id"]))
            assert older == self.model[:index][::-1]
            assert newer == self.model[index + 1 :]


TestCollection = CollectionModel.TestCase

PAGES = Kind[dict[str, Any]](
    name="page",
    prefix="pg",
    noun="page",
    indexes=("book",),
    expandable={"book": "book"},
)
BOOKS = Kind[dict[str, Any]](
    name="book",
    prefix="bk",
    noun="book",
    expandable={"front.cover": "page", "author": "author"},
    sublists={"pages": Sublist(of="page", by="book", url="/books/{id}/pages")},
)
KINDS = {"page": PAGES, "book": BOOKS}


@pytest.fixture
def store() -> Store:
    """A book of twelve pages, whose first is its cover."""
    filled = Store()
    for number in range(12):
        filled.of(PAGES).put({"id": f"pg_{number}", "object": "page", "book": "bk_1"})
    filled.of(BOOKS).put(
        {
            "id": "bk_1",
            "object": "book",
            "front": {"cover": "pg_0", "color": "red"},
            "author": "au_1",
        }
    )
    return filled


def expand(
    store: Store, kind: Kind[dict[str, Any]], object_id: str, *paths: str
) -> Any:
    """The object with checked paths expanded."""
    value = store.of(kind).get(object_id)
    assert value is not None
    check_paths(list(paths), kind, is_list=False, kinds=KINDS)
    return expanded(value, list(paths), store=store, kinds=KINDS)


def test_nested_reference_is_expanded_in_place(store: Store) -> None:
    book = expand(store, BOOKS, "bk_1", "front.cover")

    assert book["front"]["cover"]["id"] == "pg_0"
    assert book["front"]["color"] == "red"


def test_expansion_leaves_the_stored_object_alone(store: Store) -> None:
    expand(store, BOOKS, "bk_1", "front.cover.book", "pages")

    assert store.of(BOOKS).get("bk_1") == {
        "id": "bk_1",
        "object": "book",
        "front": {"cover": "pg_0", "color": "red"},
        "author": "au_1",
    }


def test_expansion_goes_through_references(store: Store) -> None:
    page = expand(store, PAGES, "pg_3", "book.front.cover", "book.pages")

    assert page["book"]["front"]["cover"]["id"] == "pg_0"
    assert len(page["book"]["pages"]["data"]) == 10


def test_sublist_has_ten_items_and_says_if_there_are_more(store: Store) -> None:
    pages = expand(store, BOOKS, "bk_1", "pages.data.book")["pages"]

    assert [page["id"] for page in pages["data"][:2]] == ["pg_11", "pg_10"]
    assert (pages["has_more"], pages["url"]) == (True, "/books/bk_1/pages")
    assert all(page["book"]["id"] == "bk_1" for page in pages["data"])


def test_sublist_of_a_kind_without_objects_is_empty() -> None:
    store = Store()
    store.of(BOOKS).put({"id": "bk_1", "object": "book"})

    assert expand(store, BOOKS, "bk_1", "pages")["pages"]["data"] == []


def test_reference_to_nothing_stays_an_id(store: Store) -> None:
    book = expand(store, BOOKS, "bk_1", "author", "author.name.first")

    assert book["author"] == "au_1"


def test_reference_that_is_absent_stays_absent(store: Store) -> None:
    store.of(BOOKS).put({"id": "bk_2", "object": "book", "front": None})

    assert expand(store, BOOKS, "bk_2", "front.cover") == {
        "id": "bk_2",
        "object": "book",
        "front": None,
    }


@pytest.mark.parametrize("path", ["id", "front", "front.color", "pages.book", "a.b"])
def test_what_is_no_reference_cannot_be_expanded(store: Store, path: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be expanded"):
        expand(store, BOOKS, "bk_1", path)


def test_four_levels_are_expanded(store: Store) -> None:
    page = expand(store, PAGES, "pg_1", "book.front.cover.book")

    assert page["book"]["front"]["cover"]["book"]["id"] == "bk_1"


def test_five_levels_are_too_many(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="more than 4 levels"):
        expand(store, PAGES, "pg_1", "book.front.cover.book.author")


def test_attempt_that_is_not_taken_back_stands(store: Store) -> None:
    with store.attempt():
        store.of(PAGES).delete("pg_3", tombstone={"deleted": True})

    assert store.of(PAGES).get("pg_3") is None
    assert store.of(PAGES).tombstone("pg_3") == {"deleted": True}


def test_what_was_taken_back_is_told(store: Store) -> None:
    told: list[tuple[str, str]] = []
    store.watch(lambda kind, object_id: told.append((kind, object_id)))

    with store.attempt() as take_back:
        store.of(PAGES).put({"id": "pg_new", "object": "page", "book": "bk_1"})
        told.clear()
        take_back()

    assert told == [("page", "pg_new")]
