"""Servers, a vCenter and a run over its cluster in one store."""

from __future__ import annotations

from dsm_desktop.store.unit_of_work import Store
from tests.kit.maintenance_run import fill_run
from tests.ui.seed import seed_site
from tests.ui.seed_vsphere import seed_vsphere


def seed_maintenance(store: Store) -> None:
    seed_site(store)
    seed_vsphere(store)
    fill_run(store)
