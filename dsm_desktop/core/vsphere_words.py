"""States of vSphere that it gives as names for programs, in words."""

from __future__ import annotations

_HA = {
    "master": "leads the cluster",
    "connectedToMaster": "protected",
    "election": "elects a leader",
    "fdmUnreachable": "agent not reached",
    "hostDown": "host down",
    "initializationError": "could not be set up",
    "networkIsolated": "isolated from the network",
    "networkPartitionedFromMaster": "cut off from the leader",
    "uninitializationError": "could not be removed",
    "uninitialized": "not set up",
}


def ha_words(state: str) -> str:
    """A host's HA agent (dasHostState); a state this program does not know stays as vCenter says it, "" without HA."""
    return _HA.get(state, state)
