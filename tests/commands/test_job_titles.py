"""Titles of jobs name things, not their numbers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from dsm_desktop.app.application import catalogue
from dsm_desktop.commands.jobs import submit
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.store.models import Job, LibraryFolder, LibraryItem
from dsm_desktop.store.unit_of_work import Store
from tests.ui.seed_vsphere import seed_vsphere

ANNA = Principal("anna", Role.ADMIN)
SHA = "ab" * 32


@pytest.mark.parametrize(
    ("kind", "params", "title"),
    [
        ("vcenter_sync", {"vcenter_id": 1}, "Read vcenter.site"),
        ("vcenter_sync", {"vcenter_id": 7}, "Read vCenter 7"),
        ("vcenter_connectivity_test", {"vcenter_id": 1}, "Test the connection to vcenter.site"),
        ("browse_datastore", {"vcenter_id": 1, "datastore": "datastore-1"}, "Browse san-gold"),
        ("browse_datastore", {"vcenter_id": 1, "datastore": "datastore-99"}, "Browse datastore-99"),
        (
            "iso_upload",
            {"vcenter_id": 1, "datastore": "datastore-2", "item": SHA},
            "Upload esxi8.iso to san-silver",
        ),
        ("iso_upload", {"vcenter_id": 1, "datastore": "datastore-2", "item": "esxi8.iso"}, "Upload esxi8.iso to san-silver"),
        ("cluster_safety_check", {"vcenter_id": 1, "cluster": "domain-c8"}, "Safety check of Production"),
        ("cluster_safety_check", {}, "Safety check of all clusters"),
        ("rolling_update", {"vcenter_id": 1, "cluster": "domain-c9"}, "Rolling update of Test"),
        ("rolling_plan", {"hosts": [7]}, "Maintenance plan of 1 stand-alone host"),
    ],
)  # fmt: skip
def test_a_title_says_the_name(store: Store, kind: str, params: dict[str, Any], title: str) -> None:
    seed_vsphere(store)
    with store.write() as uow:
        uow.session.execute(
            insert(LibraryFolder), {"id": 1, "host": "here", "path": "/srv", "added_at": uow.now}
        )
        item = {
            "folder_id": 1,
            "path": "esxi8.iso",
            "name": "esxi8.iso",
            "kind": "iso",
            "size": 1,
            "modified_ns": 1,
        }
        uow.session.execute(
            insert(LibraryItem), {**item, "sha256": SHA, "added_at": uow.now, "seen_at": uow.now}
        )
        job_id = submit(uow, ANNA, catalogue(), kind, [], params)
    assert store.fetch(lambda c: c.execute(select(Job.title).where(Job.id == job_id)).scalar_one()) == title
