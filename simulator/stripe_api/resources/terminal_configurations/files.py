"""The files a Configuration names: whether they are what its setting is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulator.stripe_api.engine.errors import ParameterInvalid, ResourceMissing
from simulator.stripe_api.engine.operations import Call
from simulator.stripe_api.resources.files.fields import FILES, File, content_of
from simulator.stripe_api.resources.files.images import read_image
from simulator.stripe_api.resources.terminal_configurations.fields import SCREENS


@dataclass(frozen=True, slots=True)
class _Screen:
    """What a reader's screen shows."""

    width: int
    height: int
    plays_gif: bool = True


_SCREENS: Mapping[str, _Screen] = {
    "bbpos_wisepad3": _Screen(320, 240, plays_gif=False),
    "bbpos_wisepos_e": _Screen(720, 1280),
    "stripe_s700": _Screen(1080, 1920),
    "stripe_s710": _Screen(1080, 1920),
    "verifone_p400": _Screen(320, 480, plays_gif=False),
}
"""By setting, as Stripe documents them; other screens take any image."""

_SPLASHSCREEN = "terminal_reader_splashscreen"
_WIFI_PURPOSES: Mapping[str, str] = {
    "ca_certificate_file": "terminal_wifi_certificate",
    "client_certificate_file": "terminal_wifi_certificate",
    "private_key_file": "terminal_wifi_private_key",
}


def check_files(call: Call) -> None:
    """Check the files that are sent; raises ResourceMissing or ParameterInvalid."""
    for setting in SCREENS:
        file_id = (call.params.get(setting) or {}).get("splashscreen")
        if file_id is not None:
            param = f"{setting}[splashscreen]"
            file = _found(call, file_id, purpose=_SPLASHSCREEN, param=param)
            if setting in _SCREENS:
                _check_image(call, file, screen=_SCREENS[setting], param=param)
    for type_, network in (call.params.get("wifi") or {}).items():
        for name, purpose in _WIFI_PURPOSES.items():
            if isinstance(network, dict) and name in network:
                param = f"wifi[{type_}][{name}]"
                _found(call, network[name], purpose=purpose, param=param)


def _found(call: Call, file_id: str, *, purpose: str, param: str) -> File:
    file = call.store.of(FILES).get(file_id)
    if file is None:
        raise ResourceMissing(FILES.noun, file_id, param=param, status=400)
    if file["purpose"] != purpose:
        raise ParameterInvalid(
            f"The file {file_id} has the purpose '{file['purpose']}', but '{purpose}' "
            "is needed here.",
            param=param,
        )
    return file


def _check_image(call: Call, file: File, *, screen: _Screen, param: str) -> None:
    content = content_of(call, file["id"])
    if not content:
        return  # It comes from a seed: only its description is here.
    image = read_image(content)
    is_gif = image is not None and image.format == "gif"
    if image is None or (is_gif and not screen.plays_gif):
        taken = "JPG, PNG and GIF" if screen.plays_gif else "JPG and PNG"
        raise ParameterInvalid(f"This screen shows {taken} images only.", param=param)
    if (image.width, image.height) != (screen.width, screen.height):
        raise ParameterInvalid(
            f"The image has {image.width}x{image.height} pixels; this screen shows "
            f"{screen.width}x{screen.height}.",
            param=param,
        )
