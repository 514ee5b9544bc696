"""Files of a MagTek reader: a signature to be fetched, and images to be stored."""

from __future__ import annotations

from collections.abc import Callable

from drivers.errors import RemoteError
from drivers.features import Signature
from drivers.protocol.magtek_mms.files import (
    SIGNATURE_FILE,
    STORED_IMAGE_FILES,
    DeleteFile,
    FileDescription,
    FileInfo,
    GetFile,
    GetFileInfo,
    SendFile,
    SendSecuredFile,
    check_file,
)
from drivers.protocol.magtek_mms.signatures import encode_signature
from drivers.protocol.magtek_mms.status import DONE, Status, StatusDetail, refused
from simulator.reader.models.magtek_mms.activity import Answer, done, refuse

FileCommand = SendFile | SendSecuredFile | GetFile | GetFileInfo | DeleteFile


class Files:
    """Images survive a power cut; the signature does not."""

    def __init__(
        self, *, has_display: bool, send: Callable[[int, bytes], None]
    ) -> None:
        """`send` puts a file of this type on the wire, after the present answer."""
        self._has_display = has_display
        self._send = send
        self._files: dict[int, bytes] = {}
        self._expected: SendFile | None = None

    def power_off(self) -> None:
        """Forget what is not to be kept."""
        self._files.pop(SIGNATURE_FILE, None)
        self._expected = None

    def keep_signature(self, signature: Signature) -> None:
        """For the host to fetch."""
        self._files[SIGNATURE_FILE] = encode_signature(signature)

    def take(self, command: FileCommand) -> Answer:
        """The answer to a command about a file."""
        match command:
            case SendSecuredFile():
                # Only whoever owns the reader's keys can wrap it (manual, 6, EEEE).
                return refuse(StatusDetail.NOT_SECURED)
            case SendFile(file_type):
                return self._announced(file_type, command)
            case GetFile(file_type):
                return self._get(file_type)
            case GetFileInfo(file_type):
                return self._info(file_type)
            case DeleteFile(file_type):
                return self._delete(file_type)

    def received(self, file_type: int, content: bytes) -> Status | None:
        """What is answered to a file from the host; None where none was announced."""
        expected, self._expected = self._expected, None
        if expected is None or expected.file_type != file_type:
            return None
        try:
            check_file(content, expected.description)
        except RemoteError:
            return refused(StatusDetail.IMAGE_FAILURE)
        self._files[file_type] = content
        return DONE

    def _announced(self, file_type: int, command: SendFile) -> Answer:
        if file_type not in STORED_IMAGE_FILES or not self._has_display:
            return refuse(StatusDetail.PARAMETER_INVALID)
        self._expected = command
        return done()

    def _get(self, file_type: int) -> Answer:
        content = self._files.get(file_type)
        if content is None:
            return refuse(StatusDetail.PARAMETER_INVALID)
        info = FileInfo(file_type, FileDescription.of(content))
        return Answer(DONE, info.parameters(), lambda: self._send(file_type, content))

    def _info(self, file_type: int) -> Answer:
        content = self._files.get(file_type)
        if content is None:
            return refuse(StatusDetail.PARAMETER_INVALID)
        return Answer(
            DONE, FileInfo(file_type, FileDescription.of(content)).parameters()
        )

    def _delete(self, file_type: int) -> Answer:
        if file_type not in STORED_IMAGE_FILES or file_type not in self._files:
            return refuse(StatusDetail.PARAMETER_INVALID)
        del self._files[file_type]
        return done()
