"""A client for Redfish BMCs: reads what a server is and does what an operator asks. Polls once; never loops or sleeps."""
