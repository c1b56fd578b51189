"""The runner: claims tasks, runs operations, keeps leases."""
