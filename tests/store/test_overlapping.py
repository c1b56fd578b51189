"""Two runners read the same server at once, or it is removed meanwhile: what was read is written down, or said why not."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from dsm_desktop.commands.device_jobs import save_device_jobs
from dsm_desktop.configuration.registry import parse_registry
from dsm_desktop.configuration.standard import BIOS
from dsm_desktop.core.errors import NotFound
from dsm_desktop.redfish.device_jobs import DeviceJob
from dsm_desktop.store.configuration import CURRENT, save_registry, save_settings
from dsm_desktop.store.inventory import save_facts
from dsm_desktop.store.models import AttributeRegistry, ConfigurationSnapshot, Reading
from dsm_desktop.store.models import DeviceJob as JobRow
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.databases import until_somebody_waits
from tests.kit.stores import inventory
from tests.kit.work import add_servers

Save = Callable[[UnitOfWork, int, int], None]


def _settings(uow: UnitOfWork, server_id: int, value: int) -> None:
    save_settings(uow, server_id, BIOS, CURRENT, {"Delay": value})


def _registry(uow: UnitOfWork, server_id: int, value: int) -> None:
    rows = [{"AttributeName": f"A{n}", "Type": "Integer"} for n in range(value)]
    save_registry(uow, "r", "f", parse_registry({"Id": "r", "RegistryEntries": {"Attributes": rows}}))


def _jobs(uow: UnitOfWork, server_id: int, value: int) -> None:
    save_device_jobs(uow, server_id, [DeviceJob("JID_1", state="Running", percent=value)], "ready")


def _facts(uow: UnitOfWork, server_id: int, value: int) -> None:
    save_facts(uow, server_id, inventory().facts)


@pytest.mark.parametrize(
    ("save", "column", "last"),
    [
        (_settings, ConfigurationSnapshot.settings, {"Delay": 2}),
        (_registry, AttributeRegistry.entries, 2),
        (_jobs, JobRow.percent, 2),
    ],
)
def test_of_two_that_save_the_same_at_once_the_later_counts(
    store: Store, save: Save, column: Any, last: Any
) -> None:
    [server] = add_servers(store, 1)

    def later() -> None:
        with store.write() as uow:
            save(uow, server, 2)

    with ThreadPoolExecutor(1) as pool:
        with store.write() as uow:
            save(uow, server, 1)
            second = pool.submit(later)
            until_somebody_waits(store)
        second.result(60)
    with store.read() as connection:
        assert list(connection.scalars(select(column))) == [last]


@pytest.mark.parametrize("save", [_settings, _jobs, _facts])
def test_what_was_read_of_a_removed_server_is_refused_with_a_reason(store: Store, save: Save) -> None:
    with pytest.raises(NotFound, match="not on the list any more"), store.write() as uow:
        save(uow, 7, 1)
    with store.read() as connection:
        assert connection.execute(select(Reading.id)).all() == []
