"""What can go wrong with settings, profiles and shares inside the device, by name of the fault."""

from __future__ import annotations

from typing import Any, Final

MISHAPS: Final[tuple[tuple[str, str, dict[str, Any]], ...]] = (
    (
        "partial_patch",
        "A PATCH of attributes with one bad key applies the good ones, also on firmware that would not.",
        {},
    ),
    ("error_in_200", "A refused PATCH of attributes answers 200 with the error inside.", {}),
    ("pending_as_current", "/Bios shows staged values as if they were set already.", {}),
    ("csr_slow", "A certificate request takes too long: 503 SYS537, to be fetched afterwards.", {}),
    ("scp_fails", "The import of a configuration profile stops half-way and ends Failed.", {}),
    ("share_unreachable", "The iDRAC cannot reach any share.", {}),
)
"""Name, help and parameters of each."""
