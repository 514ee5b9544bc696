"""The texts a MagTek reader shows, as they read on its screen."""

from __future__ import annotations

from drivers.protocol.magtek_mms.strings import StringId

_WORDED_OTHERWISE = {
    StringId.AMOUNT_OK: "AMOUNT OK?",
    StringId.CARD_READ_OK_REMOVE: "CARD READ OK, REMOVE CARD",
    StringId.INSERT_OR_SWIPE: "INSERT OR SWIPE CARD",
    StringId.PRESENT_ONE_CARD_ONLY: "PRESENT ONE CARD ONLY",
    StringId.APPROVED_SIGN: "APPROVED, PLEASE SIGN",
    StringId.INSERT_CARD_INSTEAD: "INSERT CARD",
    StringId.NONE: "",
}


def text_of(string_id: StringId) -> str:
    """The stored text, in English."""
    return _WORDED_OTHERWISE.get(string_id, string_id.name.replace("_", " "))
