"""Believable servers made from a seed."""

from __future__ import annotations

from dsm_desktop.simulator.hardware.build import build_server, service_tag
from dsm_desktop.simulator.hardware.parts import Server

__all__ = ["Server", "build_server", "service_tag"]
