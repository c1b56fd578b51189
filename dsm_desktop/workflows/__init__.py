"""Bodies that several operations share."""
