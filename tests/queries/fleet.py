"""A small fleet with parts, firmware, tags, racks, fields and a change, for the queries over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from dsm_desktop.commands import custom_fields, groups, racks, servers, tags
from dsm_desktop.core.access import Principal
from dsm_desktop.core.inventory import Firmware, FirmwareState, Inventory, LogKind, Part, PartKind
from dsm_desktop.core.states import Health
from dsm_desktop.store.inventory import save_facts, save_inventory, save_log_events, upsert_server
from dsm_desktop.store.models import InventorySnapshot
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from tests.kit.stores import events, identity, inventory

ANNA = Principal("anna")


def equipped(
    tag: str, number: int, *, perc: str = "52.26.0-5179", bios: str = "2.10.0", model: str = "PowerEdge R750"
) -> Inventory:
    """An inventory with a controller, a card with a MAC, a drive and a PSU of its own."""
    base = inventory(tag, drive=f"SN{number:04d}XYZ", bios=bios)
    parts = (
        *base.parts,
        Part(PartKind.CONTROLLER, "RAID.Slot.3-1", "Dell HBA355i Adp", slot="Slot 3", model="HBA355i Adapter", part_number="0J13GR",
             manufacturer="Dell", serial_number=f"CN0J13GR{number:04d}", firmware=perc, health=Health.OK),
        Part(PartKind.PORT, "NIC.Integrated.1-1-1", "Integrated NIC", slot="Integrated 1", model="BCM57414",
             detail={"mac": f"e4:43:4b:11:22:{number:02x}", "link": "up"}),
        Part(PartKind.PSU, "PSU.Slot.1", "PSU 1", slot="1", model="PWR SPLY,1400W", part_number="0FPF7R", serial_number=f"PSU{number}",
             health=Health.CRITICAL if number == 2 else Health.OK),
    )  # fmt: skip
    firmware = (
        *base.firmware,
        Firmware("Installed-1", "RAID.Slot.3-1", "Dell HBA355i Adp", perc, FirmwareState.INSTALLED, "104298"),
        Firmware(
            "Installed-2",
            "NIC.Integrated.1-1-1",
            f"Broadcom Gigabit Ethernet BCM5720 - E4:43:4B:11:22:{number:02X}",
            "22.31.6",
            FirmwareState.INSTALLED,
        ),
    )
    facts = replace(base.facts, model=model, host_name=f"esx-{number:02d}.site.example")
    return replace(base, facts=facts, parts=parts, firmware=firmware)


def seed(store: Store, count: int = 4) -> list[int]:
    """Servers 1..count; server 1 was changed an hour ago (drive, BIOS, host name); the last one has no inventory."""
    ids = []
    for n in range(1, count + 1):
        with store.write() as uow:
            server_id, _ = upsert_server(uow, f"10.0.0.{n}", 443, identity(f"TAG000{n}"), "ab" * 32)
            ids.append(server_id)
            if n < count:
                perc = "52.26.0-5179" if n != 3 else "51.16.0-4076"
                found = equipped(
                    f"TAG000{n}", n, perc=perc, model="PowerEdge R750" if n != 2 else "PowerEdge R640"
                )
                save_inventory(uow, server_id, found)
                save_log_events(uow, server_id, LogKind.LIFECYCLE, events(5))
    with store.write() as uow:
        age(uow, ids[0], hours=2)
        newer = equipped("TAG0001", 1, bios="2.19.1")
        parts = tuple(
            replace(p, serial_number="NEWDRIVE1") if p.kind is PartKind.DRIVE else p for p in newer.parts
        )
        facts = replace(newer.facts, host_name="esx-99.site.example")
        save_inventory(uow, ids[0], replace(newer, parts=parts, facts=facts))
    with store.write() as uow:
        annotate(uow, ids)
    return ids


def age(uow: UnitOfWork, server_id: int, *, hours: int) -> None:
    """Move what was read of a server into the past."""
    then = uow.now - timedelta(hours=hours)
    uow.session.execute(
        update(InventorySnapshot)
        .where(InventorySnapshot.server_id == server_id)
        .values(taken_at=then, confirmed_at=then + timedelta(hours=1))
    )


def annotate(uow: UnitOfWork, ids: list[int]) -> None:
    """Tags, own fields, racks and groups."""
    tags.add_tags(uow, ANNA, ids[:2], ["production"])
    tags.add_tags(uow, ANNA, ids[1:3], ["legacy"])
    custom_fields.add_field(uow, ANNA, custom_fields.FieldDraft(title="Owner"))
    custom_fields.add_field(uow, ANNA, custom_fields.FieldDraft(title="Warranty end", kind="date"))
    custom_fields.add_field(uow, ANNA, custom_fields.FieldDraft(title="Cost", kind="number"))
    custom_fields.set_values(
        uow, ANNA, ids[:1], {"owner": "Team A", "warranty_end": "2027-03-31", "cost": "1200,50"}
    )
    custom_fields.set_values(
        uow, ANNA, ids[1:2], {"owner": "Team B", "warranty_end": "2026-01-31", "cost": 99}
    )
    rack = racks.add_rack(uow, ANNA, "A3", room="Hall 1")
    racks.place(uow, ANNA, ids[0], rack, 10)
    servers.edit_servers(uow, ANNA, ids[:1], pdus="A12; B12,a12")
    servers.edit_servers(uow, ANNA, ids[1:2], pdus=" a12")
    berlin = groups.add_group(uow, ANNA, "Berlin")
    hall = groups.add_group(uow, ANNA, "Berlin hall 2", parent_id=berlin)
    groups.set_members(uow, ANNA, hall, add=ids[:2])
    groups.add_group(uow, ANNA, "Old BIOS", kind="saved_filter", query="fw.bios<2.19 group:Berlin")


__all__ = ["ANNA", "age", "annotate", "equipped", "save_facts", "seed"]
