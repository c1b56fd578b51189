"""Recorded devices behind TLS, and clients for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dsm_desktop.net.limits import Limits, Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.redfish.client import Credential, RedfishClient
from tests.kit.replay import ReplayServer, load_tree

Connect = Callable[..., RedfishClient]


@pytest.fixture
def throttle() -> Throttle:
    """One that never rests because of failures."""
    return Throttle(Limits(breaker_failures=1_000_000, slot_wait=10))


@pytest.fixture
def connect(throttle: Throttle) -> Iterator[Connect]:
    """A client for a server with `port` and `fingerprint`; closed at the end."""
    clients: list[RedfishClient] = []

    def make(server: Any, username: str = "root", password: str = "calvin", **more: Any) -> RedfishClient:
        client = RedfishClient(
            Endpoint("127.0.0.1", server.port),
            Credential(username, password),
            **{
                "trust": Trust(fingerprint=server.fingerprint),
                "throttle": throttle,
                "recorder": MemoryRecorder(),
                **more,
            },
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.transport.close()


@pytest.fixture(scope="session")
def r750(captures: Path) -> dict[str, dict[str, Any]]:
    """Every document of the recorded R750, iDRAC9 6.00.30.00."""
    return load_tree(captures / "NVIDIA-libredfish" / "dell-r750-idrac9-6.00.30.00")


@pytest.fixture
def r750_server(r750: dict[str, dict[str, Any]]) -> Iterator[ReplayServer]:
    """The recorded R750 behind TLS."""
    with ReplayServer(r750) as server:
        yield server
