"""Item models: rows held in memory, and rows paged from the store."""
