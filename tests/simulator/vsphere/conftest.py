"""A simulated vCenter, and pyVmomi's own client on it."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyVmomi import SoapAdapter

from dsm_desktop.simulator.esxi import Pace
from dsm_desktop.simulator.vsphere import ClusterSpec, VsphereSite, VsphereSpec
from dsm_desktop.simulator.vsphere.vmomi import vim, vmodl

ADAPTER: Any = SoapAdapter.SoapStubAdapter
VERSION = "vim.version.v8_0_3_0"
PC: Any = vmodl.query.PropertyCollector
SMALL = VsphereSpec(
    clusters=(
        ClusterSpec("Prod", 3, vms_per_host=4, vsan=True),
        ClusterSpec("Lab", 2, vms_per_host=3, drs="manual", ha=False),
    ),
    clock_speed=200.0,
    pace=Pace(stop=20, post=60, boot=60),
)


class Client:
    """A signed-in pyVmomi client with the few steps every test needs."""

    def __init__(self, site: VsphereSite, user: str = "", password: str = "", version: str = VERSION) -> None:
        self.site = site
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.context = context
        self.stub: Any = ADAPTER(
            host=site.address, port=site.port, path="/sdk", version=version, sslContext=context
        )
        self.si: Any = vim.ServiceInstance("ServiceInstance", self.stub)
        self.content: Any = self.si.RetrieveContent()
        try:
            self.content.sessionManager.Login(user or site.spec.username, password or site.spec.password)
        except BaseException:
            self.stub.DropConnections()
            raise

    def close(self) -> None:
        """Sign out."""
        with contextlib.suppress(Exception):
            self.content.sessionManager.Logout()
        self.stub.DropConnections()

    def stored(self, node: Any) -> Any:
        """The client's object for one of the simulator's."""
        return node.kind(node.moid, self.si._stub)

    def spec(self, view: Any, kind: Any, *paths: str) -> Any:
        """A filter for everything in a view."""
        step = PC.TraversalSpec(type=vim.view.ContainerView, path="view", skip=False)
        return PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, pathSet=list(paths))],
            objectSet=[PC.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        )

    def view(self, kind: Any, root: Any = None) -> Any:
        """A container view."""
        manager = self.content.viewManager
        return manager.CreateContainerView(root or self.content.rootFolder, [kind], True)

    def read(self, node: Any, *paths: str) -> dict[str, Any]:
        """Properties of one object by path."""
        kind = node.kind
        wanted = PC.FilterSpec(
            propSet=[PC.PropertySpec(type=kind, pathSet=list(paths))],
            objectSet=[PC.ObjectSpec(obj=self.stored(node))],
        )
        answer = self.content.propertyCollector.RetrievePropertiesEx([wanted], PC.RetrieveOptions())
        return {p.name: p.val for p in answer.objects[0].propSet}

    def wait(self, task: Any, seconds: float = 60.0) -> Any:
        """The info of a task that has ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            info = task.info
            if info.state in ("success", "error"):
                return info
            self.site.wait_for(lambda: self.site.world.nodes[task._moId].state != "running", 1.0)  # type: ignore[attr-defined]
        raise AssertionError(f"{task.info.descriptionId} has not ended: {task.info.progress} %")

    def fails(self, task: Any) -> Any:
        """The fault a task ends with."""
        info = self.wait(task)
        assert info.state == "error", info.descriptionId
        return info.error

    def works(self, task: Any) -> Any:
        """The result of a task that ends well."""
        info = self.wait(task)
        assert info.state == "success", info.error
        return info.result


Connect = Callable[..., Client]


@pytest.fixture
def site() -> Iterator[VsphereSite]:
    """Two small clusters and a stand-alone host, three minutes a second."""
    with VsphereSite(SMALL) as running:
        yield running


@pytest.fixture
def connect(site: VsphereSite) -> Iterator[Connect]:
    """Sign in, as somebody else if wanted."""
    clients: list[Client] = []

    def make(user: str = "", password: str = "") -> Client:
        clients.append(Client(site, user, password))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(connect: Connect) -> Client:
    """The administrator."""
    return connect()
