"""What every room may use: errors, events, settings, access, ids, clock, redaction. Standard library and pydantic only."""
