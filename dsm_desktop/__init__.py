"""DSM Desktop: find, watch, configure and update Dell PowerEdge servers on closed networks."""

__version__ = "0.1.0"
