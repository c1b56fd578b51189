"""Own painting: trends in cells, charts, tiles and racks. Nothing here asks the store."""
