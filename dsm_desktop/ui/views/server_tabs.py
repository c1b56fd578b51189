"""The tabs of a server's details after the overview; one line registers one. A tab is made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget

from dsm_desktop.ui.desk import Desk


class ServerTab(QWidget):
    """Something about one server. `topics`: events of the store after which it is out of date."""

    topics: ClassVar[tuple[str, ...]] = ()

    def show_server(self, server_id: int) -> None:
        """It is in sight: show this server, reading it unless what is shown is still valid."""

    def outdate(self) -> None:
        """What is shown may be old: read it when it is next in sight."""

    def dirty(self) -> bool:
        """Whether closing now would lose what a person has entered and not handed in."""
        return False

    def save_layout(self, settings: QSettings) -> None:
        """Keep what a person arranged."""

    def load_layout(self, settings: QSettings) -> None:
        """Take it back."""


@dataclass(frozen=True, slots=True)
class Tab:
    """`build` imports its tab itself."""

    title: str
    build: Callable[[Desk], ServerTab]


def _hardware(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_tables import HardwareTab

    return HardwareTab(desk)


def _firmware(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_firmware import FirmwareTab

    return FirmwareTab(desk)


def _sensors(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.sensor_history import SensorHistoryTab

    return SensorHistoryTab(desk)


def _logs(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_tables import LogsTab

    return LogsTab(desk)


def _device_jobs(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.device_jobs import DeviceJobsTab

    return DeviceJobsTab(desk)


def _certificates(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.certificates import CertificatesTab

    return CertificatesTab(desk)


def _virtual_media(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.virtual_media import VirtualMediaTab

    return VirtualMediaTab(desk)


def _jobs(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_tables import ServerJobsTab

    return ServerJobsTab(desk)


def _history(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.changes import ChangesView

    return ChangesView(desk, single=True)


def _calls(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_calls import CallsTab

    return CallsTab(desk)


def _bios(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_bios import BiosTab

    return BiosTab(desk)


def _boot(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_boot import BootTab

    return BootTab(desk)


def _profiles(desk: Desk) -> ServerTab:
    from dsm_desktop.ui.views.server_profiles import ProfilesTab

    return ProfilesTab(desk)


TABS: tuple[Tab, ...] = (
    Tab("Hardware", _hardware),
    Tab("Firmware", _firmware),
    Tab("BIOS", _bios),
    Tab("Boot", _boot),
    Tab("Configuration profiles", _profiles),
    Tab("Sensors", _sensors),
    Tab("Logs", _logs),
    Tab("Virtual media", _virtual_media),
    Tab("iDRAC jobs", _device_jobs),
    Tab("Certificates", _certificates),
    Tab("Jobs", _jobs),
    Tab("History", _history),
    Tab("Calls", _calls),
)
