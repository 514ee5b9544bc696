"""The memory of a simulated NFC tag of type 2, such as MIFARE Ultralight or NTAG."""

from __future__ import annotations

from simulator.reader.model import Tag

TYPE_2_KINDS = frozenset({"mifare_ultralight", "ntag"})

_PAGE_BYTES = 4
_PAGES = 16
_FIRST_USER_PAGE = 4
_READ, _FAST_READ, _WRITE, _GET_VERSION = 0x30, 0x3A, 0xA2, 0x60
_READ_PAGES = 4
_ACKNOWLEDGED = b"\x0a"
_CASCADE_TAG = 0x88
_VERSION = bytes.fromhex("0004030101000B03")


class TagMemory:
    """Answers raw commands as such a tag does; None is its refusal."""

    def __init__(self, tag: Tag) -> None:
        """The first pages hold the tag's number, all others zeros."""
        self._pages = bytearray(_PAGE_BYTES * _PAGES)
        head = _serial_pages(tag.uid)[: _PAGE_BYTES * 3]
        self._pages[: len(head)] = head

    def answer(self, command: bytes) -> bytes | None:
        """What the tag sends back."""
        match command[:1]:
            case b"\x30" if len(command) == 2:
                return self._read(command[1], command[1] + _READ_PAGES - 1)
            case b"\x30" | b"\x3a" if len(command) == 3:
                return self._range(command[1], command[2])
            case b"\xa2" if len(command) == 2 + _PAGE_BYTES:
                return self._write(command[1], command[2:])
            case b"\x60" if len(command) == 1:
                return _VERSION
            case _:
                return None

    def _read(self, first: int, last: int) -> bytes | None:
        """Whole pages; past the last one the tag goes on with the first."""
        if first >= _PAGES:
            return None
        numbers = (page % _PAGES for page in range(first, last + 1))
        return b"".join(self._page(number) for number in numbers)

    def _range(self, first: int, last: int) -> bytes | None:
        return self._read(first, last) if first <= last < _PAGES else None

    def _write(self, page: int, data: bytes) -> bytes | None:
        if not _FIRST_USER_PAGE <= page < _PAGES:
            return None
        self._pages[page * _PAGE_BYTES : (page + 1) * _PAGE_BYTES] = data
        return _ACKNOWLEDGED

    def _page(self, number: int) -> bytes:
        return bytes(self._pages[number * _PAGE_BYTES : (number + 1) * _PAGE_BYTES])


def _serial_pages(uid: bytes) -> bytes:
    """The number with its check bytes (ISO 14443-3), seven bytes long as a rule."""
    number = uid.ljust(7, b"\x00")[:7]
    first, second = number[:3], number[3:]
    return (
        first
        + bytes((_CASCADE_TAG ^ first[0] ^ first[1] ^ first[2],))
        + second
        + bytes((second[0] ^ second[1] ^ second[2] ^ second[3],))
    )
