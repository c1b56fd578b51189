"""Sites for the tests of the simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsm_desktop.simulator import SimulatedIdrac, Site, SiteSpec
from dsm_desktop.simulator.personas import BY_KEY
from tests.simulator.webserver import Files

GENERATIONS = list(BY_KEY)


@pytest.fixture
def site() -> Iterator[Site]:
    """One healthy iDRAC of every generation, in the order of `GENERATIONS`."""
    spec = SiteSpec(idracs=len(GENERATIONS), port=0, generations=GENERATIONS, shared_key=True, healthy=True)
    with Site(spec) as running:
        yield running


@pytest.fixture
def nine(site: Site) -> SimulatedIdrac:
    """An iDRAC9 6.x."""
    return site.idracs[GENERATIONS.index("idrac9-6")]


@pytest.fixture
def eight(site: Site) -> SimulatedIdrac:
    """An iDRAC8."""
    return site.idracs[GENERATIONS.index("idrac8")]


@pytest.fixture
def ten(site: Site) -> SimulatedIdrac:
    """An iDRAC10."""
    return site.idracs[GENERATIONS.index("idrac10")]


@pytest.fixture
def files() -> Iterator[Files]:
    """A web server on the loopback address."""
    with Files() as server:
        yield server
