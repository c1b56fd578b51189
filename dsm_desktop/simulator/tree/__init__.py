"""The documents of a simulated iDRAC: one module per branch of the tree."""

from __future__ import annotations

from dsm_desktop.simulator.tree.index import Tree

__all__ = ["Tree"]
