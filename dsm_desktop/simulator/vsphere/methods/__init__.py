"""The methods of a simulated vCenter under their names on the wire, one file per kind of object."""

from dsm_desktop.simulator.vsphere.methods import alarms as alarms
from dsm_desktop.simulator.vsphere.methods import clusters as clusters
from dsm_desktop.simulator.vsphere.methods import fields as fields
from dsm_desktop.simulator.vsphere.methods import files as files
from dsm_desktop.simulator.vsphere.methods import history as history
from dsm_desktop.simulator.vsphere.methods import hosts as hosts
from dsm_desktop.simulator.vsphere.methods import performance as performance
from dsm_desktop.simulator.vsphere.methods import service as service
from dsm_desktop.simulator.vsphere.methods import vms as vms
from dsm_desktop.simulator.vsphere.methods import vsan as vsan
