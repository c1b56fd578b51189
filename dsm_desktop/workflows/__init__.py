"""Multi-step bodies that several operations share: restart a host, pass the gate, follow a job of the iDRAC, apply firmware."""
