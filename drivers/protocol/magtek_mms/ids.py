"""The numbers of MMS: what a host may ask, and what a device tells by itself."""

from __future__ import annotations

from enum import IntEnum


class CommandId(IntEnum):
    """The commands this project speaks (manual, 6)."""

    START_TRANSACTION = 0x1001
    RESUME_TRANSACTION = 0x1004
    CANCEL_TRANSACTION = 0x1008
    PASS_TO_TYPE_2_TAG = 0x1100
    PASS_TO_CLASSIC_TAG = 0x1101
    PASS_TO_DESFIRE_TAG = 0x1102
    PASS_TO_PLUS_TAG = 0x1103
    REQUEST_SIGNATURE = 0x1801
    REPORT_SELECTION = 0x1802
    DISPLAY_MESSAGE = 0x1803
    READ_BARCODE = 0x1804
    BUZZER = 0x1805
    SHOW_IMAGE = 0x1821
    SHOW_QR_CODE = 0x1822
    SHOW_BITMAP = 0x1823
    RESET_DEVICE = 0x1F01
    REQUEST_PIN = 0x2001
    REQUEST_CARD_PIN = 0x2002
    GET_PROPERTY = 0xD101
    SET_PROPERTY = 0xD111
    LOAD_FIRMWARE = 0xD801
    SEND_SECURED_FILE = 0xD811
    SEND_FILE = 0xD812
    GET_FILE = 0xD821
    GET_FILE_INFO = 0xD825
    DELETE_FILE = 0xD831
    COMMIT_FIRMWARE = 0xD901


class NotificationId(IntEnum):
    """Source and type of the notifications this project speaks (manual, 7)."""

    TRANSACTION_UPDATE = 0x0101
    TRANSACTION_COMPLETE = 0x0105
    PIN_UPDATE = 0x0201
    PIN_COMPLETE = 0x0205
    FIRMWARE_UPDATED = 0x0905
    FIRMWARE_FAILED = 0x0906
    FIRMWARE_UP_TO_DATE = 0x0907
    DEVICE_UPDATE = 0x1001
    INTERFACE_REQUEST = 0x1803
    INTERFACE_UPDATE = 0x1805
