"""The managed objects of a simulated vCenter and their properties, one file per kind."""

from dsm_desktop.simulator.vsphere.nodes import hostview as hostview
