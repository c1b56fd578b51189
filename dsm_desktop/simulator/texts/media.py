"""Messages of virtual media and of shares, as in Dell's message registry (EEMI 2.7)."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import WAIT, Text

_SHARE: Final = (
    "Make sure that the share and the file are correct and can be reached from the iDRAC, and retry."
)

MEDIA: Final[dict[str, Text]] = {
    "RAC0715": Text("Image file does not exist in the given remote share path.", "Informational", _SHARE),
    "RAC0718": Text("Remote File Share service is busy with the previous connection.", "Informational", WAIT),
    "RAC0719": Text(
        "Not able to connect to remote file share. Virtual media devices are already in use.",
        "Informational",
        "Disconnect the present virtual media session and retry the operation.",
    ),
    "RAC0720": Text("Unable to mount remote share %1.", "Informational", _SHARE),
    "RAC0776": Text("The following remote file share successfully unmounted: %1."),
    "RAC0777": Text("The following remote file share successfully mounted: %1 %2."),
    "RAC0779": Text(
        "The Image file does not exist in the given remote file share path: %1.", "Informational", _SHARE
    ),
    "RAC0780": Text(
        "The following remote file share service is busy with a previous connection: %1.",
        "Informational",
        WAIT,
    ),
    "RAC0781": Text("Unable to mount the remote file share: %1 %2.", "Informational", _SHARE),
    "RAC0904": Text("The remote file location is not accessible or reachable.", "Warning", _SHARE),
    "VRM0012": Text(
        "The Virtual Media image server is already connected.",
        "Informational",
        "Disconnect the Virtual Media image server and retry the operation.",
    ),
    "VRM0021": Text(
        "Virtual Media is detached or Virtual Media devices are already in use.",
        "Informational",
        "Change the attach state or wait until the present session ends.",
    ),
}
