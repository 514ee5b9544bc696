"""Objects on a D-Bus: what properties each has, and the news of every change.

Answers the two standard interfaces for that; whose objects they are it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbus_fast import DBusError, Message, Variant

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"

Properties = Mapping[str, Variant]


class ObjectTree:
    """One interface an object; `send` gets the signals."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send
        self._objects: dict[str, tuple[str, dict[str, Variant]]] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._objects

    def add(self, path: str, interface: str, properties: Properties) -> None:
        """A new object."""
        self._objects[path] = (interface, dict(properties))
        self._signal(
            "/",
            (OBJECT_MANAGER, "InterfacesAdded"),
            ("oa{sa{sv}}", [path, {interface: dict(properties)}]),
        )

    def remove(self, path: str) -> None:
        """The object and all below it are gone; harmless if there is none."""
        below = [each for each in self._objects if each.startswith(f"{path}/")]
        for each in [*sorted(below, reverse=True), path]:
            if (gone := self._objects.pop(each, None)) is not None:
                self._signal(
                    "/",
                    (OBJECT_MANAGER, "InterfacesRemoved"),
                    ("oas", [each, [gone[0]]]),
                )

    def change(self, path: str, properties: Properties) -> None:
        """New values of some properties, told even where they are the old ones."""
        interface, values = self._objects[path]
        values.update(properties)
        self._signal(
            path,
            (PROPERTIES, "PropertiesChanged"),
            ("sa{sv}as", [interface, dict(properties), []]),
        )

    def drop(self, path: str, name: str) -> None:
        """The object has this property no longer."""
        interface, values = self._objects[path]
        if values.pop(name, None) is not None:
            self._signal(
                path,
                (PROPERTIES, "PropertiesChanged"),
                ("sa{sv}as", [interface, {}, [name]]),
            )

    def value(self, path: str, name: str) -> Any:
        """A property's value, None where there is no such object or property."""
        _, values = self._objects.get(path, ("", {}))
        value = values.get(name)
        return None if value is None else value.value

    def answer(self, call: Message) -> Message | None:
        """The reply to a question about objects; None to any other call.

        Raises DBusError for an object or property that is not there.
        """
        asked = (call.interface, call.member)
        if asked == (OBJECT_MANAGER, "GetManagedObjects"):
            return Message.new_method_return(call, "a{oa{sa{sv}}}", [self._managed()])
        if asked == (PROPERTIES, "GetAll"):
            return Message.new_method_return(call, "a{sv}", [self._all_of(call)])
        if asked == (PROPERTIES, "Get"):
            values = self._all_of(call)
            if call.body[1] not in values:
                raise _error("InvalidArgs", f"no property {call.body[1]}")
            return Message.new_method_return(call, "v", [values[call.body[1]]])
        return None

    def _managed(self) -> dict[str, dict[str, dict[str, Variant]]]:
        return {
            path: {interface: dict(values)}
            for path, (interface, values) in self._objects.items()
        }

    def _all_of(self, call: Message) -> dict[str, Variant]:
        interface, values = self._objects.get(call.path or "", ("", {}))
        if call.body[0] != interface:
            raise _error("UnknownObject", f"no {call.body[0]} at {call.path}")
        return values

    def _signal(
        self, path: str, name: tuple[str, str], body: tuple[str, list[Any]]
    ) -> None:
        interface, member = name
        signature, values = body
        self._send(
            Message.new_signal(
                path, interface, member, signature=signature, body=values
            )
        )


def _error(name: str, text: str) -> DBusError:
    return DBusError(f"org.freedesktop.DBus.Error.{name}", text)
