"""Simulated ESXi hosts: one state per host, shared by SSH and the simulated vCenter, on the site's clock.

clock = SimClock(100.0)  # a minute passes in 0.6 s
host = Esxi(EsxiSpec("esx01.lab.example", address="127.88.0.1", image=dell_image("8.0.3", "24022510")), clock)
store = Datastore("shared")
host.datastores.append(store)
store.put("depots/esxi.zip", write_bundle(folder / "esxi.zip", [dell_image("8.0.3", "24674464")]), clock.now())
host.start_service("TSM-SSH")
host.faults.set("boot_falls_back", times=1)
with EsxiSsh([host]) as ssh:
    ...  # sign in to 127.88.0.1:ssh.port as root with host.spec.password; its key is ssh.key(host)
host.journal.effects()  # {"update_started:24674464": 1, "reboot": 1, …}
"""

from __future__ import annotations

from dsm_desktop.simulator.esxi.datastore import Datastore
from dsm_desktop.simulator.esxi.depot import write_bundle
from dsm_desktop.simulator.esxi.errors import EsxiAway, EsxiRefused, NoSuchThing
from dsm_desktop.simulator.esxi.image import Image, Vib
from dsm_desktop.simulator.esxi.machine import Esxi
from dsm_desktop.simulator.esxi.pairing import Pairing
from dsm_desktop.simulator.esxi.releases import dell_image, vmware_image
from dsm_desktop.simulator.esxi.spec import EsxiSpec, Pace
from dsm_desktop.simulator.esxi.ssh import EsxiSsh

__all__ = [
    "Datastore",
    "Esxi",
    "EsxiAway",
    "EsxiRefused",
    "EsxiSpec",
    "EsxiSsh",
    "Image",
    "NoSuchThing",
    "Pace",
    "Pairing",
    "Vib",
    "dell_image",
    "vmware_image",
    "write_bundle",
]
