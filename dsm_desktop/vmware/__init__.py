"""vCenter and ESXi: the client, and what they say as plain values. No pyVmomi object leaves this room."""
