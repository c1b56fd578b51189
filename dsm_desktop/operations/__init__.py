"""Job types, one per file."""
