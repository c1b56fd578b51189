"""Assembles the program: profile → store, vault, bus, catalogue, commands, workers. The only place that builds objects."""
