"""The store room's fixtures."""

from __future__ import annotations

from tests.kit.sites import shared_database, site

__all__ = ["shared_database", "site"]
