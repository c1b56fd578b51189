"""esxcli vsan: whether the host takes part, and how the cluster is."""

from __future__ import annotations

from dsm_desktop.simulator.esxi.commands.answer import Answer, Row
from dsm_desktop.simulator.esxi.commands.call import Call
from dsm_desktop.simulator.esxi.commands.esxcli import Failure, command
from dsm_desktop.simulator.esxi.commands.options import Parsed


@command("vsan cluster get", "Get information about the vSAN cluster that this host is joined to.")
def cluster_get(call: Call, options: Parsed) -> Answer:
    host = call.host
    _need(call)
    return Answer(
        "ClusterGet",
        {
            "Enabled": True,
            "Local Node UUID": host.uuid,
            "Local Node Type": "NORMAL",
            "Local Node State": "AGENT",
            "Local Node Health State": "HEALTHY" if host.vsan.health == "green" else "UNHEALTHY",
            "Sub-Cluster Member Count": host.vsan.members,
            "Unicast Mode Enabled": True,
            "Maintenance Mode State": "ON" if host.in_maintenance else "OFF",
        },
        head="Cluster Information",
    )


@command("vsan debug resync summary get", "Get the summary of resyncing objects.")
def resync_get(call: Call, options: Parsed) -> Answer:
    _need(call)
    vsan = call.host.vsan
    left = vsan.resync_bytes
    return Answer(
        "ResyncSummary",
        {
            "Total Number Of Resyncing Objects": vsan.resync_objects,
            "Total Bytes Left To Resync": f"{left} bytes" if left < 1 << 30 else f"{left / (1 << 30):.2f} GB",
            "Total GB Left To Resync": f"{left / (1 << 30):.2f}",
        },
    )


@command("vsan debug object health summary get", "Get health summary information of all objects.")
def objects_get(call: Call, options: Parsed) -> Answer:
    _need(call)
    vsan = call.host.vsan
    rows: list[Row] = [
        {"Health Status": status, "Number Of Objects": number}
        for status, number in (
            ("reduced-availability-with-no-rebuild", vsan.reduced),
            ("inaccessible", vsan.inaccessible),
            ("healthy", vsan.healthy),
        )
    ]
    return Answer("ObjectHealth", rows)


@command("vsan health cluster list", "List a cluster wide health check across all types of health checks.")
def health_list(call: Call, options: Parsed) -> Answer:
    _need(call)
    rows: list[Row] = [
        {"Health Test Name": "Overall health findings", "Status": call.host.vsan.health},
        {"Health Test Name": "Cluster", "Status": "green"},
        {"Health Test Name": "Data", "Status": "red" if call.host.vsan.inaccessible else "green"},
    ]
    return Answer("ClusterHealth", rows)


def _need(call: Call) -> None:
    if not any(d.kind == "vsan" for d in call.host.datastores):
        raise Failure("vSAN Clustering is not enabled on this host")
