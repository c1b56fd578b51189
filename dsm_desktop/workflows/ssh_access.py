"""SSH on an ESXi host, on for the time of the work only.

look (service, lockdown) ─▶ promise to put it back ─▶ start ─▶ wait for the port ─▶ work ─▶ as it was before
That the service was started does not mean that the port is open; after a restart of the host it is off again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.errors import Blame, DsmError
from dsm_desktop.core.vsphere import Connection, Host
from dsm_desktop.jobs import JobContext, TimedOut
from dsm_desktop.net.ssh import SshUnreachable
from dsm_desktop.workflows.maintenance import (
    ATTEMPTS,
    NotYet,
    change,
    lasting,
    moid_of,
    read_host,
)
from dsm_desktop.workflows.under_way import UPDATE, refuse_under_way

SSH = "TSM-SSH"
PORT_SECONDS = 120.0
"""Until the port must be open after the service was started."""
_UNLOCKED = ("", "lockdownDisabled")


class InLockdown(DsmError):
    """The host lets nobody in by SSH but the exception users of its lockdown mode. No password was sent."""

    blame = Blame.USER


class SshStaysShut(DsmError):
    """The service was started, and the port does not open."""

    blame = Blame.PEER


class SshBefore(BaseModel):
    """The service as it was before the work."""

    model_config = ConfigDict(frozen=True)
    running: bool
    policy: str
    lockdown: str = ""


@dataclass(frozen=True, slots=True)
class HowToSignIn:
    """`trust_first`: a host whose key is not on file is believed at first contact. `exception_user`: the account may sign in
    during lockdown. `every` seconds between looks."""

    trust_first: bool = True
    exception_user: bool = False
    every: float = 2.0


@dataclass(frozen=True, slots=True)
class Access:
    """`open` False: a dry run of a host whose SSH is off. `before`: to what it is put back."""

    open: bool
    before: SshBefore


@asynccontextmanager
async def ssh_on(
    ctx: JobContext, how: HowToSignIn, *, key: str, original: SshBefore | None = None
) -> AsyncIterator[Access]:
    """Commands may be sent within the block. `original` where an earlier block of the same work had found SSH otherwise than
    it is now (a restart switches it off). Raises InLockdown, SshStaysShut, and what a first command raises (host key, login)."""
    now = await ctx.step("look at SSH", partial(_look, ctx), key=key, returns=SshBefore, attempts=ATTEMPTS)
    before = original or now
    if now.lockdown not in _UNLOCKED and not how.exception_user:
        raise InLockdown(
            f"{ctx.target.label} is in lockdown mode, where only its exception users may sign in by SSH.",
            hint="Take it out of lockdown mode in vCenter, or give the host a credential set of an exception user and say so.",
            where=ctx.target.label,
        )
    async with ctx.always(
        "SSH",
        f"SSH of {ctx.target.label}: {'running' if before.running else 'off'}, policy {before.policy or 'unknown'}",
        lasting(partial(put_back, ctx, before), 5.0),
        original=before.model_dump(),
        key=key,
        first=partial(refuse_under_way, ctx, UPDATE),
    ):
        if not now.running:
            await change(
                ctx,
                "start SSH",
                partial(_start, ctx),
                key=key,
                taken=partial(_started, ctx),
                plan=f"StartService {SSH} on {moid_of(ctx)}",
            )
        if ctx.dry_run and not now.running:
            yield Access(False, before)
            return
        await _port_open(ctx, how)
        yield Access(True, before)


def ssh_of(host: Host) -> SshBefore:
    """The service as vCenter shows it; off where it does not tell."""
    found = next((s for s in host.services or () if s.key == SSH), None)
    return SshBefore(
        running=bool(found and found.running), policy=found.policy if found else "", lockdown=host.lockdown
    )


def keep_running(ctx: JobContext) -> None:
    """Start SSH again where the host has ended it (its own time-out for shells); in a pool thread."""
    host = read_host(ctx)
    if host.connection is Connection.CONNECTED and not ssh_of(host).running:
        ctx.vcenter().start_service(moid_of(ctx), SSH)


def _look(ctx: JobContext) -> SshBefore:
    return ssh_of(read_host(ctx))


def _start(ctx: JobContext) -> str:
    ctx.vcenter().start_service(moid_of(ctx), SSH)
    return "started"


def _started(ctx: JobContext) -> str | None:
    return "started" if ssh_of(read_host(ctx)).running else None


async def _port_open(ctx: JobContext, how: HowToSignIn) -> None:
    def answers() -> bool:
        ctx.esxi(trust_first=how.trust_first).version()
        return True

    try:
        await ctx.wait_for(
            f"SSH of {ctx.target.label}",
            answers,
            every=how.every,
            timeout=PORT_SECONDS,
            tolerate=(SshUnreachable,),
        )
    except TimedOut as error:
        raise SshStaysShut(
            f"SSH runs on {ctx.target.label}, and its port does not answer.",
            hint="Look at the firewall rule 'SSH Server' of the host, at firewalls on the way, and at the SSH port in the settings.",
            where=ctx.target.label,
        ) from error


def put_back(ctx: JobContext, before: SshBefore) -> None:
    """Running or not, and its policy; NotYet while the host is away."""
    ctx.esxi().close()
    host = read_host(ctx)
    if host.connection is not Connection.CONNECTED:
        raise NotYet(
            f"vCenter does not reach {host.name} ({host.connection.words}), so SSH cannot be put back yet.",
            every=10.0,
            hint="When it answers again, use 'Put back' on the restore list.",
            where=host.name,
        )
    now, vcenter = ssh_of(host), ctx.vcenter()
    if now.running and not before.running:
        vcenter.stop_service(host.moid, SSH)
    elif before.running and not now.running:
        vcenter.start_service(host.moid, SSH)
    if before.policy and now.policy != before.policy:
        vcenter.set_service_policy(host.moid, SSH, before.policy)
