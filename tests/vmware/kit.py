"""A small simulated vCenter and the program's client on it."""

from __future__ import annotations

from pydantic import SecretStr

from dsm_desktop.core.calls import Recorder
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import MemoryRecorder
from dsm_desktop.net.tls import Endpoint, Trust
from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.vmware.client import Link, VcenterClient
from dsm_desktop.vmware.tasks import TaskState

SMALL = VsphereSpec(
    clusters=(
        ClusterSpec("Prod", 3, vms_per_host=4, vsan=True),
        ClusterSpec("Lab", 2, vms_per_host=3, drs="manual", ha=False),
    ),
    clock_speed=200.0,
    pace=Pace(stop=20, post=60, boot=60),
)


def link_of(site: VsphereSite, *, username: str = "", password: str = "", pin: str | None = None) -> Link:
    return Link(
        Endpoint(site.address, site.port),
        Trust(fingerprint=site.fingerprint if pin is None else pin),
        username or site.spec.username,
        SecretStr(password or site.spec.password),
    )


def client_of(
    site: VsphereSite,
    recorder: Recorder | None = None,
    *,
    username: str = "",
    password: str = "",
    pin: str | None = None,
    answer_timeout: float = 30.0,
) -> VcenterClient:
    return VcenterClient(
        lambda: link_of(site, username=username, password=password, pin=pin),
        throttle=Throttle(),
        recorder=recorder or MemoryRecorder(),
        answer_timeout=answer_timeout,
    )


def ended(site: VsphereSite, client: VcenterClient, task: str) -> TaskState:
    """A task's state once it is over."""
    assert site.wait_for(lambda: client.task(task).over), client.task(task)
    return client.task(task)
