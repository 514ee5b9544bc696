"""An NFC tag in the field: its number goes to the host, which may then talk to it."""

from __future__ import annotations

from collections.abc import Callable

from drivers.features import Tone
from drivers.protocol.magtek_mms.blobs import EncryptedData
from drivers.protocol.magtek_mms.commands import Command
from drivers.protocol.magtek_mms.nfc import (
    TAG_KINDS,
    PassToTag,
    TagAnswer,
    TagCommandId,
    encode_uid,
)
from drivers.protocol.magtek_mms.notifications import (
    CardChange,
    CardData,
    CardUpdate,
    DataKind,
    Technology,
)
from drivers.protocol.magtek_mms.status import DONE
from drivers.protocol.magtek_mms.strings import StringId
from drivers.protocol.tlv import Tlv
from simulator.errors import ControlRefused
from simulator.reader.model import Tag
from simulator.reader.models.magtek_mms.activity import Activity, Answer, Console
from simulator.reader.models.magtek_mms.tag_memory import TYPE_2_KINDS, TagMemory
from simulator.reader.screen import ReaderState

BEEP = Tone(2000, 100)
"""One says that the tag may go, two that something went wrong."""

_NUMBERS = {**{kind: number for number, kind in TAG_KINDS.items()}, "ntag": 0x01}
_DATA = 0xDF7A


def tag_number(tag: Tag) -> int:
    """The reader's number for this kind of tag; raises ControlRefused for none."""
    number = _NUMBERS.get(tag.kind)
    if number is None:
        known = ", ".join(sorted(_NUMBERS))
        raise ControlRefused(f"the reader knows no tag {tag.kind!r}, only {known}")
    return number


class TagSession(Activity):
    """Ends when the tag leaves, or the host has sent its last command."""

    def __init__(
        self,
        console: Console,
        tag: Tag,
        *,
        timeout_s: int,
        left: Callable[[], None],
    ) -> None:
        """Raises ControlRefused for a kind of tag the reader does not know."""
        super().__init__(console)
        self._tag = tag
        self._number = tag_number(tag)
        self._memory = TagMemory(tag)
        self._timeout_s = timeout_s
        self._left = left

    def begin(self) -> None:
        """Tell which tag came."""
        technology = Technology.CONTACTLESS
        self.console.notify(CardUpdate(technology, CardChange.DETECTED, self._number))
        blob = encode_uid(self._tag.uid)
        self.console.notify(CardData(technology, DataKind.NFC_UID, blob))
        self.console.say(ReaderState.READING, StringId.NFC_TAG_DETECTED)
        self.alarm.set_unless_zero(self._timeout_s, self.remove_card)

    def take(self, command: Command) -> Answer | None:
        """A command for the tag; the last one, or a failure, ends the session."""
        if not isinstance(command, PassToTag):
            return None
        data = self._answer(command)
        if data is None:
            return Answer(DONE, TagAnswer(False).parameters(), then=self._fail)
        answer = TagAnswer(True, self._sealed(data) if command.is_encrypted else data)
        then = self._finish if command.is_last else None
        return Answer(DONE, answer.parameters(), then=then)

    def remove_card(self) -> None:
        """The tag is taken away."""
        self.alarm.stop()
        self._left()

    def _answer(self, command: PassToTag) -> bytes | None:
        is_type_2 = command.id is TagCommandId.TYPE_2 and self._tag.kind in TYPE_2_KINDS
        return self._memory.answer(command.data) if is_type_2 else None

    def _sealed(self, data: bytes) -> EncryptedData:
        sealed = self.console.bench.keys.next().seal((Tlv(_DATA, data),))
        return EncryptedData(sealed.ciphertext, sealed.ksn)

    def _finish(self) -> None:
        self.console.bench.play((BEEP,))
        self.remove_card()

    def _fail(self) -> None:
        self.console.bench.play((BEEP, BEEP))
        self.remove_card()
