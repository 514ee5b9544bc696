"""Objects by kind and id, in memory, with declared indexes.

Objects are values: they are replaced, never changed in place, nested parts included.
So a reference to one is a snapshot of it, and nothing here ever copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, Protocol, TypeVar, cast

T = TypeVar("T", bound=Mapping[str, Any])

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sublist:
    """A list within an object that is absent unless expanded."""

    of: str
    """The `name` of the kind of its items."""
    by: str
    """The indexed field in which an item names its owner."""
    url: str
    """The list's own `url`, with `{id}` for the owner's id."""


@dataclass(frozen=True, eq=False)
class Kind(Generic[T]):
    """What the engine must know of one kind of object."""

    name: str
    """The value of `object`, such as `payment_intent`."""
    prefix: str
    """What its ids start with, such as `pi`."""
    noun: str
    """How "No such …" calls it."""
    indexes: tuple[str, ...] = ()
    """Fields by whose value objects are found and listed."""
    expandable: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """Dotted path of a field that holds an id to the `name` of the kind it names.

    Several names where it may be of one kind or another.
    """
    sublists: Mapping[str, Sublist] = field(default_factory=dict)
    """Lists by the field that holds them once expanded."""
    shape: type | None = None
    """The TypedDict of its objects, by which those from outside are read."""


@dataclass(slots=True)
class Undo:
    """The way back to where an attempt began, while there is one."""

    steps: list[Callable[[], None]] | None = None


class Collection(Generic[T]):
    """The objects of one kind, in order of creation.

    Every operation but iteration takes constant time.
    """

    def __init__(self, indexes: tuple[str, ...], undo: Undo | None = None) -> None:
        """`indexes` are the fields to index by; `undo` is told the way back."""
        self.changed: Callable[[str], None] | None = None
        """Told the id of each object that was added, replaced or deleted."""
        self._undo = undo or Undo()
        self._objects: dict[str, T] = {}
        self._tombstones: dict[str, Object] = {}
        self._sequence: dict[str, int] = {}
        self._ids: list[str | None] = []
        self._indexes: dict[str, dict[Any, dict[str, None]]] = {
            name: {} for name in indexes
        }

    def __len__(self) -> int:
        """How many objects there are, deleted ones not counted."""
        return len(self._objects)

    def get(self, object_id: str) -> T | None:
        """The object, or None."""
        return self._objects.get(object_id)

    def tombstone(self, object_id: str) -> Object | None:
        """What is left of a deleted object, or None."""
        return self._tombstones.get(object_id)

    def put(self, value: T) -> None:
        """Add the object, or replace the one with its id."""
        object_id = value["id"]
        previous = self._objects.get(object_id)
        if previous is None:
            self._insert(value, len(self._ids))
        else:
            self._replace(previous, value)
        if self._undo.steps is not None:
            if previous is None:
                self._undo.steps.append(partial(self._remove, object_id))
            else:
                self._undo.steps.append(partial(self._replace, value, previous))

    def delete(self, object_id: str, *, tombstone: Object) -> None:
        """Remove an object that is there, keeping `tombstone` to answer with."""
        value, position = self._objects[object_id], self._sequence[object_id]
        self._remove(object_id)
        if self._undo.steps is not None:
            self._undo.steps.append(partial(self._insert, value, position))
        self.bury(object_id, tombstone)

    def bury(self, object_id: str, tombstone: Object) -> None:
        """Keep what is left of an object that is not there."""
        if self._undo.steps is not None:
            previous = self._tombstones.get(object_id)
            self._undo.steps.append(partial(self._unbury, object_id, previous))
        self._tombstones[object_id] = tombstone
        self._tell(object_id)

    def tombstones(self) -> Mapping[str, Object]:
        """What is left of deleted objects, in the order of their deletion."""
        return self._tombstones

    def newest_first(self, *, after: str | None = None) -> Iterator[T]:
        """The objects older than `after`, or all of them."""
        start = len(self._ids) if after is None else self._sequence[after]
        for position in range(start - 1, -1, -1):
            object_id = self._ids[position]
            if object_id is not None:
                yield self._objects[object_id]

    def oldest_first(self, *, after: str | None = None) -> Iterator[T]:
        """The objects newer than `after`, or all of them, the oldest first."""
        start = 0 if after is None else self._sequence[after] + 1
        for position in range(start, len(self._ids)):
            object_id = self._ids[position]
            if object_id is not None:
                yield self._objects[object_id]

    def having(self, index: str, value: Any) -> list[T]:
        """The objects whose indexed field has this value, newest first."""
        ids = self._indexes[index].get(value, {})
        ordered = sorted(ids, key=self._sequence.__getitem__, reverse=True)
        return [self._objects[object_id] for object_id in ordered]

    def position(self, object_id: str) -> int:
        """Where in the order of creation an object stands."""
        return self._sequence[object_id]

    def _insert(self, value: T, position: int) -> None:
        object_id = value["id"]
        if position == len(self._ids):
            self._ids.append(object_id)
        self._ids[position] = object_id
        self._sequence[object_id] = position
        self._objects[object_id] = value
        for name, index in self._indexes.items():
            index.setdefault(value.get(name), {})[object_id] = None
        self._tell(object_id)

    def _replace(self, previous: T, value: T) -> None:
        object_id = value["id"]
        self._objects[object_id] = value
        for name, index in self._indexes.items():
            if previous.get(name) != value.get(name):
                del index[previous.get(name)][object_id]
                index.setdefault(value.get(name), {})[object_id] = None
        self._tell(object_id)

    def _remove(self, object_id: str) -> None:
        value = self._objects.pop(object_id)
        self._ids[self._sequence.pop(object_id)] = None
        for name, index in self._indexes.items():
            del index[value.get(name)][object_id]
        self._tell(object_id)

    def _unbury(self, object_id: str, previous: Object | None) -> None:
        if previous is None:
            del self._tombstones[object_id]
        else:
            self._tombstones[object_id] = previous
        self._tell(object_id)

    def _tell(self, object_id: str) -> None:
        if self.changed is not None:
            self.changed(object_id)


ChangeListener = Callable[[str, str], None]
"""Told the name of the kind and the id of an object that has changed."""


class Store:
    """One collection for each kind, made when first asked for."""

    def __init__(self) -> None:
        """An empty store."""
        self._collections: dict[str, Collection[Any]] = {}
        self._changed: ChangeListener | None = None
        self._undo = Undo()

    @contextmanager
    def attempt(self) -> Iterator[Callable[[], None]]:
        """Within, calling what it yields takes back all that has changed until then."""
        steps: list[Callable[[], None]] = []

        def take_back() -> None:
            self._undo.steps = None
            while steps:
                steps.pop()()
            self._undo.steps = steps

        self._undo.steps = steps
        try:
            yield take_back
        finally:
            self._undo.steps = None

    def watch(self, changed: ChangeListener) -> None:
        """Tell of every change from now on."""
        self._changed = changed
        for name, collection in self._collections.items():
            collection.changed = partial(changed, name)

    def collections(self) -> Mapping[str, Collection[Any]]:
        """What there is, by the name of its kind."""
        return self._collections

    def of(self, kind: Kind[T]) -> Collection[T]:
        """The objects of a kind."""
        collection = self._collections.get(kind.name)
        if collection is None:
            collection = Collection(kind.indexes, self._undo)
            if self._changed is not None:
                collection.changed = partial(self._changed, kind.name)
            self._collections[kind.name] = collection
        return cast("Collection[T]", collection)

    def named(self, kind_name: str, object_id: str) -> Object | None:
        """The object of a kind known by name only, or None."""
        collection = self._collections.get(kind_name)
        return None if collection is None else collection.get(object_id)

    def belonging(self, sublist: Sublist, owner_id: str) -> list[Any]:
        """The items of an owner's list, newest first."""
        collection = self._collections.get(sublist.of)
        return [] if collection is None else collection.having(sublist.by, owner_id)


class Stores(Protocol):
    """Where the objects of each mode are."""

    def __call__(self, *, livemode: bool) -> Store:
        """The objects of one mode, as of now."""
        ...
