"""The first sync of a vCenter, beside the bare collector call for the same paths and beside attribute access.

    python -m benchmarks.bench_vcenter            # 200 hosts, 4,000 VMs in govmomi's simulator (vcsim)

Bounds: reading and saving within 2x of the bare call of the same run; at least 20x faster than attribute access, which is
measured on a sample of VMs and scaled. The bare call is pyVmomi's own: its HTTP, one RetrievePropertiesEx over one view.
"""

from __future__ import annotations

import argparse
import contextlib
import ssl
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from pyVmomi import SoapAdapter

from dsm_desktop.commands.vcenters import add_vcenter
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.store.engine import sqlite_url
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.vsphere_sync import save_site
from dsm_desktop.vmware.collector import known
from dsm_desktop.vmware.inventory import SITE
from dsm_desktop.vmware.vmodl import type_of, vim, vmodl
from tests.kit.vcsim import PASSWORD, USER, Vcsim, running

ADAPTER: Any = SoapAdapter.SoapStubAdapter
VERSION = "vim.version.version11"
"""What vcsim of Debian's govmomi 0.24 is spoken to with (6.5)."""


def bare(vcsim: Vcsim) -> Any:
    """pyVmomi's own connection, signed in."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    stub = ADAPTER(host="127.0.0.1", port=vcsim.endpoint.port, version=VERSION, sslContext=context)
    content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    content.sessionManager.Login(USER, PASSWORD, None)
    return content


def bare_call(content: Any) -> int:
    """One view, one call, the same types and paths; the objects are counted and thrown away."""
    query = vmodl.query.PropertyCollector
    view = content.viewManager.CreateContainerView(content.rootFolder, [type_of(k) for k in SITE], True)
    step = query.TraversalSpec(type=vim.view.ContainerView, path="view", skip=False)
    spec = query.FilterSpec(
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[step])],
        propSet=[
            query.PropertySpec(
                type=type_of(kind), pathSet=[p for p in paths if known(kind, p, VERSION)], all=False
            )
            for kind, paths in SITE.items()
        ],
    )
    page = content.propertyCollector.RetrievePropertiesEx([spec], query.RetrieveOptions())
    count = len(page.objects)
    view.DestroyView()
    return count


def by_attribute(content: Any, sample: int) -> float:
    """Seconds for each VM when its properties are asked for one by one, as scripts do."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    vms = list(view.view)[:sample]
    began = time.perf_counter()
    for vm in vms:
        for path in SITE["VirtualMachine"]:
            if known("VirtualMachine", path, VERSION):
                with contextlib.suppress(Exception):  # vcsim drops the connection for some that are unset
                    value: Any = vm
                    for part in path.split("."):
                        value = getattr(value, part)
    seconds = (time.perf_counter() - began) / len(vms)
    view.DestroyView()
    return seconds


def first_sync(vcsim: Vcsim, folder: Path) -> tuple[float, float, int]:
    """Seconds to read and to save into an empty store, and the number of VMs."""
    store = open_store(sqlite_url(folder / "store.db"))
    try:
        with store.write() as uow:
            vcenter = add_vcenter(uow, Principal("bench", Role.ADMIN), "127.0.0.1")
        with vcsim.client() as client:
            client.about()
            began = time.perf_counter()
            site = client.read_site()
            read = time.perf_counter() - began
            began = time.perf_counter()
            with store.write() as uow:
                save_site(uow, vcenter, site)
            return read, time.perf_counter() - began, len(site.vms)
    finally:
        store.close()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=8)
    parser.add_argument("--hosts", type=int, default=25, help="of each cluster")
    parser.add_argument("--vms", type=int, default=500, help="of each cluster")
    parser.add_argument("--sample", type=int, default=40, help="VMs read by attribute access")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    reads, saves, calls = [], [], []
    with running(clusters=options.clusters, hosts=options.hosts, alone=0, vms=options.vms) as vcsim:
        content = bare(vcsim)
        for _ in range(options.rounds):  # in turns: the machine is not equally fast all the time
            began = time.perf_counter()
            objects = bare_call(content)
            calls.append(time.perf_counter() - began)
            with tempfile.TemporaryDirectory() as folder:
                read, saved, vms = first_sync(vcsim, Path(folder))
            reads.append(read)
            saves.append(saved)
        each = by_attribute(content, options.sample)
        content.sessionManager.Logout()
        content.rootFolder._stub.DropConnections()
    call, read, save = (statistics.median(times) for times in (calls, reads, saves))
    print(
        f"{options.clusters * options.hosts} hosts, {vms} VMs, {objects} objects, median of {options.rounds}"
    )
    print(f"bare collector call            {call:7.2f} s")
    print(f"read_site                      {read:7.2f} s   {read / call:5.2f} x")
    print(f"read_site and save             {read + save:7.2f} s   {(read + save) / call:5.2f} x   (bound 2)")
    slow = each * vms
    print(f"attribute access of the VMs    {slow:7.1f} s   {slow / (read + save):5.1f} x slower (bound 20)")


if __name__ == "__main__":
    main()
