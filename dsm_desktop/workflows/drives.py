"""Media taken out of the drives of VMs so that they can be moved, and put in again afterwards, as they were: connected now, and
connected at power-on, are two settings."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import Backing, Device, Vm
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.safety.blockers import blockers
from dsm_desktop.safety.findings import Remedy, safe_fix
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.workflows.guests import Guests, VmRefused
from dsm_desktop.workflows.maintenance import (
    ATTEMPTS,
    NotYet,
    change,
    lasting,
    moid_of,
    reachable_stores,
    read_picture,
    refuse_at_work,
)


class Medium(BaseModel):
    """A medium that was taken out, as it stands on the restore list. `vm` moid, `device` its key."""

    model_config = ConfigDict(frozen=True)
    vm: str
    device: int
    label: str
    detail: str = ""
    datastore: str = ""
    at_power_on: bool = True


def held_by_media(ctx: JobContext) -> list[Vm]:
    """VMs of the target host that a medium holds there; of their devices only those media, and the Tools installer only where it
    is in the way. An image that other hosts reach stays in its drive. In a pool thread."""
    picture = read_picture(ctx)
    found = [f for f in blockers(picture, moid_of(ctx)) if f.what == "vm" and safe_fix(f)]
    media = {(f.moid, f.key) for f in found if f.remedy is Remedy.DISCONNECT_MEDIA}
    tools = {f.moid for f in found if f.remedy is Remedy.UNMOUNT_TOOLS}
    return [
        replace(
            vm,
            devices=tuple(d for d in vm.devices or () if (vm.moid, d.key) in media),
            tools_installer=vm.moid in tools,
        )
        for vm in picture.vms
        if vm.moid in {f.moid for f in found}
    ]


async def take_out(guests: Guests, vm: Vm, key: str) -> list[str]:
    """Disconnect the media of a VM as `held_by_media` gave it; what was taken out, in words."""
    out = []
    for device in vm.devices or ():
        await disconnect(guests, vm, device, f"{key} {device.key}")
        out.append(f"{vm.name}: {device.label}")
    if vm.tools_installer:
        await unmount_tools(guests.ctx, vm, key)
        out.append(f"{vm.name}: Tools installer")
    return out


async def disconnect(guests: Guests, vm: Vm, device: Device, key: str) -> None:
    """Take a medium out; in again afterwards stands on the restore list first. The drive of somebody's own computer only that
    computer can connect: nothing is promised about it, and its setting for the next power-on is left alone."""
    ctx = guests.ctx
    clients = device.backing is Backing.CLIENT_CDROM
    at_power_on = clients and device.at_power_on
    if not clients:
        await _promise(guests, vm, device)

    def free() -> str | None:
        now = _device(ctx.vcenter().read_vm(vm.moid), device.key)
        return "free" if now is None or (not now.connected and now.at_power_on is at_power_on) else None

    task = await change(
        ctx,
        "disconnect medium",
        lambda: ctx.vcenter().set_device_connected(vm.moid, device.key, False, at_power_on=at_power_on),
        key=key,
        taken=free,
        plan=f"ReconfigVM_Task {vm.moid} ({vm.name}) {device.label} connected=false",
    )
    if task != "free" and not ctx.dry_run:
        await guests.finished(task, vm, f"{device.label} of {vm.name}", key)
    tail = " Whoever uses it must connect it anew." if clients else ""
    ctx.log(f"{device.label} of {vm.name} is disconnected.{tail}")


async def _promise(guests: Guests, vm: Vm, device: Device) -> None:
    """Once: where taking it out is tried again, the first promise says how it was before."""
    if (vm.moid, device.key) in guests.media:
        return
    guests.media.add((vm.moid, device.key))
    medium = Medium(
        vm=vm.moid,
        device=device.key,
        label=device.label,
        detail=device.detail,
        datastore=device.datastore,
        at_power_on=device.at_power_on,
    )
    await guests.undo.enter_async_context(
        guests.ctx.always(
            "medium",
            f"Connect {device.label} of {vm.name} again",
            lasting(partial(_connect_again, guests, medium, vm.name), guests.every),
            original=medium.model_dump(),
            key=f"{vm.moid}:{device.key}",
            stays=guests.stays,
        )
    )


def _connect_again(guests: Guests, medium: Medium, name: str) -> None:
    """Where the VM runs now nobody may reach the medium: then it stays out, and the log says so."""
    ctx = guests.ctx
    vcenter = ctx.vcenter()
    refuse_at_work(vcenter, medium.vm, "reconfigure", name)
    now = vcenter.read_vm(medium.vm)
    if _as_before(now, medium):
        return
    if not _reached(guests, medium, now):
        ctx.log(_out_of_reach(medium, name), "warning")
        return
    if not vcenter.running_tasks(medium.vm):
        vcenter.set_device_connected(medium.vm, medium.device, True, at_power_on=medium.at_power_on)
    raise NotYet(f"{medium.label} of {name} is being connected.", every=guests.every, where=name)


class StaysOut(BaseModel):
    """Why a medium was not put in again. `for_good`: where the VM runs now nobody can; else it may be tried again."""

    model_config = ConfigDict(frozen=True)
    why: str
    for_good: bool


async def connect(guests: Guests, medium: Medium, name: str, key: str) -> StaysOut | None:
    """Put a medium in again that an earlier job took out of VM `name`; None when it is in as before."""
    ctx = guests.ctx
    label = f"{medium.label} of {name}"

    def there() -> str | None:
        return "there" if _as_before(ctx.vcenter().read_vm(medium.vm), medium) else None

    def put_in() -> str:
        return there() or ctx.vcenter().set_device_connected(
            medium.vm, medium.device, True, at_power_on=medium.at_power_on
        )

    if not await ctx.step(
        "look whether the medium is reached",
        lambda: bool(there()) or _reached(guests, medium, ctx.vcenter().read_vm(medium.vm)),
        key=key,
        attempts=ATTEMPTS,
    ):
        return StaysOut(why=_out_of_reach(medium, name), for_good=True)
    try:
        task = await change(
            ctx,
            "connect medium",
            put_in,
            key=key,
            taken=there,
            plan=f"ReconfigVM_Task {medium.vm} {medium.label} connected=true",
        )
        if task != "there" and not ctx.dry_run:
            vm = await ctx.step("read VM", lambda: ctx.vcenter().read_vm(medium.vm), key=key, returns=Vm)
            await guests.finished(task, vm, f"{medium.label} to be connected", key)
    except (VmRefused, VcenterFault, TimedOut) as error:
        return StaysOut(why=f"{label} stays disconnected: {error.message.rstrip('.')}.", for_good=False)
    return None


def _reached(guests: Guests, medium: Medium, vm: Vm) -> bool:
    return not medium.datastore or medium.datastore in reachable_stores(read_picture(guests.ctx), vm.host)


def _out_of_reach(medium: Medium, name: str) -> str:
    return f"{medium.label} of {name} stays disconnected: where it runs now {medium.detail or 'the medium'} is not reached."


async def unmount_tools(ctx: JobContext, vm: Vm, key: str) -> None:
    """Take the Tools installer's medium out; nothing is put back, it is the way it should be."""

    def free() -> str | None:
        return "free" if not ctx.vcenter().read_vm(vm.moid).tools_installer else None

    def unmount() -> str:
        ctx.vcenter().unmount_tools(vm.moid)
        return "asked"

    await change(
        ctx,
        "unmount Tools installer",
        unmount,
        key=key,
        taken=free,
        plan=f"UnmountToolsInstaller {vm.moid} ({vm.name})",
    )


def _device(vm: Vm, key: int) -> Device | None:
    return next((d for d in vm.devices or () if d.key == key), None)


def _as_before(vm: Vm, medium: Medium) -> bool:
    now = _device(vm, medium.device)
    return now is not None and now.connected and now.at_power_on == medium.at_power_on
