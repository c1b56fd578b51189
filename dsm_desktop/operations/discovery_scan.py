"""Find servers on the network."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from pydantic import Field, field_validator

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.settings import NetworkSettings
from dsm_desktop.jobs import Beside, JobContext, Params, Result, Targets, job
from dsm_desktop.net.ranges import parse_ranges, words_of
from dsm_desktop.net.scan import scan
from dsm_desktop.operations.finding import Found, note_found, outcome_of
from dsm_desktop.store.settings import load_in

BLOCK = 4096  # addresses per recorded step: what a kill can cost to scan again
PROBES_AT_ONCE = 64


class ScanParams(Params):
    ranges: str = Field(
        title="Addresses",
        description="10.0.0.0/24, 10.0.1.5-10.0.1.40, single addresses; separated by commas, spaces or lines",
        json_schema_extra={"multiline": True},
    )
    port: int = Field(443, ge=1, le=65535, title="Port")
    others: bool = Field(True, title="Also list BMCs of other makers", description="read-only view")
    read: bool = Field(
        True,
        title="Log in once and read the inventory",
        description="one login per device, with the credential set that fits",
    )

    @field_validator("ranges")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            parse_ranges(value)
        except DsmError as error:
            raise ValueError(str(error)) from None
        return value

    def in_title(self) -> dict[str, str]:
        return {"ranges": words_of(parse_ranges(self.ranges), self.ranges)}


class ScanResult(Result):
    scanned: int = Field(title="Addresses")
    answering: int = Field(title="Answering")
    servers: int = Field(title="BMCs found")
    new: int = Field(title="New servers")
    read: int = Field(0, title="Read")
    not_read: int = Field(0, title="Not read")
    other: dict[str, int] = Field(default_factory=dict, title="Answering, but no BMC")


@job(
    "discovery_scan",
    label="Find servers…",
    title="Find servers in {ranges}",
    targets=Targets.NONE,
    needs=Permission.CONFIGURE,
    menu="Discovery",
    beside=Beside.ADDRESSES,
)
async def discovery_scan(ctx: JobContext, params: ScanParams) -> ScanResult:
    """Find iDRACs in address ranges: first the port, then the service root without a login, then exactly one login each.

    Servers appear in the list while the scan runs. A server that was known under another address is recognised by its
    service tag and keeps its history.
    """
    addresses = list(parse_ranges(params.ranges))
    answering, found = 0, []
    children: list[int] = []
    for start in range(0, len(addresses), BLOCK):
        ctx.check()
        block = addresses[start : start + BLOCK]
        ctx.progress(start, len(addresses), f"Looking at {block[0]} and {len(block) - 1} more")
        open_hosts = await ctx.step("scan", partial(_scan, ctx, block, params.port), key=str(block[0]))
        answering += len(open_hosts)
        met = await _probe_all(ctx, params, open_hosts)
        found += met
        servers = [f.server_id for f in met if f.server_id and f.is_dell]
        if servers and params.read:
            children.append(await ctx.spawn("inventory_refresh", {}, servers))
    ctx.progress(len(addresses), len(addresses), "Reading what was found" if children else "Done")
    read = failed = 0
    for child in children:
        outcome = await ctx.wait_for(
            f"job {child} to read what was found", partial(_outcome, ctx, child), every=2, timeout=6 * 3600
        )
        read, failed = read + outcome["completed"], failed + outcome["failed"]
    return _summary(len(addresses), answering, found, read, failed)


def _scan(ctx: JobContext, block: list[str], port: int) -> list[str]:
    """The addresses that accept a connection, in the order of the block."""
    met: set[str] = set()
    network = ctx.save(lambda uow: load_in(uow.session.connection(), NetworkSettings))
    scan(
        block,
        port,
        met.add,
        total=len(block),
        timeout=network.scan_timeout,
        in_flight=network.scan_at_once,
        cancelled=ctx.stopping,
    )
    return [address for address in block if address in met]


async def _probe_all(ctx: JobContext, params: ScanParams, hosts: list[str]) -> list[Found]:
    gate = asyncio.Semaphore(PROBES_AT_ONCE)
    done = 0

    async def one(host: str) -> Found:
        nonlocal done
        async with gate:
            seen: dict[str, Any] = await ctx.step("identify", partial(_identify, ctx, params, host), key=host)
        done += 1
        ctx.progress(done, len(hosts), f"Asked {done} of {len(hosts)} answering addresses")
        return Found.model_validate(seen)

    return list(await asyncio.gather(*(one(h) for h in hosts)))


def _identify(ctx: JobContext, params: ScanParams, host: str) -> dict[str, Any]:
    """Ask the service root without a login and put a BMC on the list. An address that is no BMC is no error of the scan."""
    try:
        with ctx.redfish_at(host, params.port) as bmc:
            identity = bmc.identify()
            fingerprint = bmc.certificate.fingerprint if bmc.certificate else ""
    except DsmError as error:
        return Found(address=host, why=error.code).model_dump()
    if not identity.is_dell and not params.others:
        return Found(address=host, why="OtherMaker").model_dump()
    with ctx.write() as uow:
        return note_found(uow, host, params.port, identity, fingerprint).model_dump()


def _outcome(ctx: JobContext, child: int) -> dict[str, int] | None:
    with ctx.write() as uow:
        return outcome_of(uow, child)


def _summary(scanned: int, answering: int, found: list[Found], read: int, failed: int) -> ScanResult:
    servers = [f for f in found if f.server_id]
    other: dict[str, int] = {}
    for item in found:
        if not item.server_id:
            other[item.why] = other.get(item.why, 0) + 1
    new = sum(f.new for f in servers)
    reading = f"; {read} read, {failed} not" if read or failed else ""
    return ScanResult(
        summary=f"{len(servers)} BMCs found ({new} new) among {answering} answering of {scanned} addresses{reading}.",
        scanned=scanned,
        answering=answering,
        servers=len(servers),
        new=new,
        read=read,
        not_read=failed,
        other=other,
    )
