"""What Stripe takes for each purpose of a file: formats, sizes and how long it stays.

Formats are told by the content, not by the name, wherever the content tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.stripe_api.engine.errors import ParameterInvalid
from simulator.stripe_api.engine.multipart import Upload
from simulator.stripe_api.resources.files.images import read_image

_KB = 1024
_MB = 1024 * _KB
_DAY_S = 24 * 60 * 60

MEDIA_TYPES: Mapping[str, str] = {
    "apk": "application/vnd.android.package-archive",
    "csv": "text/csv",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "json": "application/json",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "pem": "application/x-pem-file",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""By a File's `type`."""

_TOLD_BY_NAME = ("apk", "csv", "docx", "md", "txt", "xlsx")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----\r?\n")
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:\w+ )?PRIVATE KEY-----\r?\n")


@dataclass(frozen=True, slots=True)
class Purpose:
    """The rules of one purpose."""

    maximum_bytes: Mapping[str, int]
    """By format; a format that is not here is refused."""
    is_downloadable: bool = True
    """Whether the content can be read back, and given away by a link."""
    kept_for_s: int | None = None
    """None for ever."""
    pem: re.Pattern[bytes] | None = None
    """What a file in PEM must begin with."""


def _up_to(maximum_bytes: int, *formats: str) -> dict[str, int]:
    return dict.fromkeys(formats, maximum_bytes)


_DOCUMENT = ("jpg", "pdf", "png")
_LOGO = Purpose(_up_to(512 * _KB, "gif", "jpg", "png"))
_PROOF = Purpose(_up_to(16 * _MB, *_DOCUMENT), is_downloadable=False)

PURPOSES: Mapping[str, Purpose] = {
    "account_requirement": _PROOF,
    "additional_verification": _PROOF,
    "business_icon": _LOGO,
    "business_logo": _LOGO,
    "customer_signature": Purpose(
        _up_to(4 * _MB, "jpg", "png", "svg"), kept_for_s=7 * _DAY_S
    ),
    "dispute_evidence": Purpose(_up_to(5 * _MB, *_DOCUMENT), kept_for_s=270 * _DAY_S),
    "identity_document": _PROOF,
    "issuing_regulatory_reporting": Purpose(
        _up_to(256 * _KB, "json"), kept_for_s=730 * _DAY_S
    ),
    "pci_document": Purpose(_up_to(16 * _MB, "pdf")),
    "platform_terms_of_service": Purpose(
        _up_to(16 * _MB, "md", "pdf", "txt"), is_downloadable=False
    ),
    "tax_document_user_upload": Purpose(
        _up_to(16 * _MB, "csv", "docx", "jpg", "pdf", "png", "xlsx")
    ),
    "terminal_android_apk": Purpose(_up_to(16 * _MB, "apk")),
    "terminal_reader_splashscreen": Purpose(
        {**_up_to(2 * _MB, "jpg", "png"), **_up_to(4 * _MB, "gif")}
    ),
    "terminal_wifi_certificate": Purpose(
        _up_to(64 * _KB, "pem"), is_downloadable=False, pem=_CERTIFICATE
    ),
    "terminal_wifi_private_key": Purpose(
        _up_to(64 * _KB, "pem"), is_downloadable=False, pem=_PRIVATE_KEY
    ),
}


def check_upload(upload: Upload, purpose: Purpose) -> str:
    """The file's format; raises ParameterInvalid where the purpose does not allow it."""
    found = file_format(upload)
    if found is None or found not in purpose.maximum_bytes:
        taken = ", ".join(sorted(MEDIA_TYPES[name] for name in purpose.maximum_bytes))
        raise ParameterInvalid(
            "We don't currently support that file type. Try uploading a file with one "
            f"of the following mimetypes: {taken}.",
            param="file",
        )
    maximum = purpose.maximum_bytes[found]
    if len(upload.content) > maximum:
        raise ParameterInvalid(
            f"That file is too large. A {found} file for this purpose can have up to "
            f"{maximum} bytes; yours has {len(upload.content)}.",
            param="file",
        )
    if purpose.pem is not None and not purpose.pem.search(upload.content):
        raise ParameterInvalid(
            "That file does not contain what this purpose is for.", param="file"
        )
    return found


def file_format(upload: Upload) -> str | None:
    """A File's `type`, or None where it cannot be told."""
    content = upload.content
    image = read_image(content)
    if image is not None:
        return image.format
    if content.startswith(b"%PDF-"):
        return "pdf"
    if content.lstrip().startswith(b"-----BEGIN "):
        return "pem"
    if b"<svg" in content[:1024]:
        return "svg"
    extension = upload.filename.rpartition(".")[2].lower()
    if extension in _TOLD_BY_NAME:
        return extension
    return "json" if _is_json(content) else None


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return False
    return True
