"""Paths on datastores, without any of the vSphere library."""

from __future__ import annotations

from dsm_desktop.core.errors import BadInput


def clean_path(path: str) -> str:
    """A path on a datastore without leading and trailing slashes. BadInput where it climbs out or names a datastore."""
    parts = [part for part in path.strip().strip("/").split("/") if part]
    if any(part in (".", "..") for part in parts) or set(path) & set("[]\\\0") or len(path) > 1000:
        raise BadInput(
            f"'{path}' is no path on a datastore.", hint="Give it from the datastore's root, like iso/a.iso."
        )
    return "/".join(parts)
