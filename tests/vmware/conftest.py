"""A small simulated vCenter for each test that wants one of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator.vsphere import VsphereSite
from tests.vmware.kit import SMALL


@pytest.fixture
def site() -> Iterator[VsphereSite]:
    with VsphereSite(SMALL) as running:
        yield running
