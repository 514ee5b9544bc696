"""Why firmware cannot be listed, fetched, installed or stopped.

FirmwareError
├── FirmwareUnsupported            this reader takes no firmware from the agent
├── FirmwareNotConfigured          no repository, or no pinned root
├── CatalogError                   the repository or bundle cannot be used
│   ├── RepositoryUnreachable / BundleUnreadable / DiskTooFull
│   ├── MetadataExpired / MetadataRolledBack / MetadataMixed
│   ├── MetadataUnsigned / MetadataInvalid
│   └── DownloadTooLarge / ImageMissing / ImageDamaged
├── ImageUnsuitable                not for this reader, or not now
│   └── WrongModel / WrongHardware / WrongFromVersion / NotNewer
├── UpdateInProgress / UpdateTooLate
└── PublishingError                what the operator's tool cannot do
    └── SigningKeyMissing / SigningKeyUnreadable / RepositoryInvalid
"""

from __future__ import annotations

from agent.errors import AgentError


class FirmwareError(AgentError):
    """The root of the tree."""

    code = "firmware_error"
    status = 400
    type = "invalid_request_error"
    remedy = "See docs/firmware.md."


class FirmwareUnsupported(FirmwareError):
    """The reader has no way to take firmware from the agent."""

    code = "firmware_update_unsupported"
    remedy = "Update this reader with its vendor's own tool."


class FirmwareNotConfigured(FirmwareError):
    """Nothing says where firmware comes from, or whose signature counts."""

    code = "firmware_not_configured"
    remedy = "Set `firmware.root_file`, and `firmware.repository` or name a bundle."


class CatalogError(FirmwareError):
    """The repository or bundle cannot be used as it is."""

    code = "firmware_catalog_error"


class RepositoryUnreachable(CatalogError):
    """The repository did not answer, or not in time."""

    code = "firmware_repository_unreachable"
    status = 502
    type = "api_error"
    retryable = True
    remedy = "Check `firmware.repository` and this machine's network."


class BundleUnreadable(CatalogError):
    """The folder or archive is not there, or is no bundle."""

    code = "firmware_bundle_unreadable"
    remedy = "Name a folder or .tar file made by `cardlane firmware repository bundle`."


class DiskTooFull(CatalogError):
    """There is no room for the image beside the journal."""

    code = "firmware_disk_full"
    status = 503
    retryable = True
    remedy = "Free disk space in the agent's state folder."


class MetadataExpired(CatalogError):
    """What the repository says is too old to be believed (freeze attack)."""

    code = "firmware_metadata_expired"
    remedy = (
        "Sign the repository again, or take a newer bundle; check this machine's clock."
    )


class MetadataRolledBack(CatalogError):
    """The repository shows an older state than this machine has seen."""

    code = "firmware_metadata_rolled_back"
    remedy = "Restore the repository's newest metadata; take the newest bundle."


class MetadataMixed(CatalogError):
    """The repository's files do not belong together (mix-and-match attack)."""

    code = "firmware_metadata_mixed"
    remedy = "Publish all files of one signing together; copy the bundle again."


class MetadataUnsigned(CatalogError):
    """Too few of the expected keys have signed."""

    code = "firmware_metadata_unsigned"
    remedy = (
        "Check that `firmware.root_file` is this repository's root and that the "
        "repository was signed with its keys."
    )


class MetadataInvalid(CatalogError):
    """The repository's files cannot be understood."""

    code = "firmware_metadata_invalid"
    remedy = "Make the repository again with `cardlane firmware repository`."


class DownloadTooLarge(CatalogError):
    """More was sent than is signed or allowed (endless data attack)."""

    code = "firmware_download_too_large"
    remedy = (
        "Check the repository; raise `firmware.max_image_bytes` for a larger image."
    )


class ImageMissing(CatalogError):
    """The catalogue has no such image, or the repository not its file."""

    code = "firmware_image_missing"
    status = 404
    remedy = "List the images with `cardlane firmware list`."


class ImageDamaged(CatalogError):
    """The image is not the one that was signed: changed, cut short or another."""

    code = "firmware_image_damaged"
    remedy = "Publish the image again; copy the bundle again."


class ImageUnsuitable(FirmwareError):
    """The image is not for this reader, or not for what it runs."""

    code = "firmware_image_unsuitable"
    remedy = "Choose an image that `cardlane firmware list` shows as installable."


class WrongModel(ImageUnsuitable):
    """The image is for another model."""

    code = "firmware_wrong_model"


class WrongHardware(ImageUnsuitable):
    """The image needs newer hardware, or hardware that the reader does not tell."""

    code = "firmware_wrong_hardware"


class WrongFromVersion(ImageUnsuitable):
    """The image cannot follow the version that the reader runs."""

    code = "firmware_wrong_from_version"
    remedy = "Install a version in between first."


class NotNewer(ImageUnsuitable):
    """The reader runs this version or a newer one."""

    code = "firmware_not_newer"
    remedy = "Nothing to do; going back needs an image signed as a downgrade."


class UpdateInProgress(FirmwareError):
    """The reader has an update under way or waiting."""

    code = "firmware_update_in_progress"
    status = 409
    retryable = True
    remedy = "Wait for its end, or cancel it with `cardlane firmware cancel`."


class UpdateTooLate(FirmwareError):
    """The reader may already run the new image."""

    code = "firmware_update_too_late"
    status = 409
    remedy = "Wait for the update's end; leave the reader's power on."


class PublishingError(FirmwareError):
    """The operator's repository cannot be changed like this."""

    code = "firmware_publishing_error"


class SigningKeyMissing(PublishingError):
    """The keys at hand are not those that must sign."""

    code = "firmware_signing_key_missing"
    remedy = "Name the folder with the keys of that role with --keys."


class SigningKeyUnreadable(PublishingError):
    """A key's file cannot be used: open to others, or under another passphrase."""

    code = "firmware_signing_key_unreadable"
    remedy = "Close the file to others (chmod 600); check --passphrase-file."


class RepositoryInvalid(PublishingError):
    """The folder is no repository, or has one already."""

    code = "firmware_repository_invalid"
    remedy = (
        "Name a folder made by `cardlane firmware repository init`; "
        "for `init` itself, one that is empty or new."
    )
