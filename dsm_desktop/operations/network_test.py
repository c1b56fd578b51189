"""Where does the way to a BMC end: port, TLS, Redfish, login, clock?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.core.errors import DsmError
from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.net.tls import Endpoint, fetch_certificate, open_tcp


class NetworkTestParams(Params):
    """Nothing to choose."""


class Check(Result):
    name: str = Field(title="Check")
    passed: bool = Field(title="Passed")
    next_step: str = Field("", title="Next step")


class NetworkTestResult(Result):
    checks: list[Check] = Field(default_factory=list, title="Checks")


@job("network_test", label="Test connection", title="Test the connection to {target}", menu="Tools")
async def network_test(ctx: JobContext, params: NetworkTestParams) -> NetworkTestResult:
    """Test port, TLS certificate, Redfish service, login and clock of each BMC one after the other, and say where it ends."""
    checks: list[Check] = []
    tests = (
        ("port", _port),
        ("certificate", _certificate),
        ("redfish", _redfish),
        ("login and clock", _clock),
    )
    for number, (name, test) in enumerate(tests):
        ctx.progress(number, len(tests), name)
        found: dict[str, Any] = await ctx.step(name, partial(_tried, ctx, name, test))
        checks.append(Check.model_validate(found))
        if not checks[-1].passed:
            break
    last = checks[-1]
    if not last.passed:
        raise DsmError(
            f"The way ends at '{last.name}': {last.summary}", hint=last.next_step, where=ctx.target.label
        )
    return NetworkTestResult(summary="; ".join(c.summary for c in checks) + ".", checks=checks)


def _tried(ctx: JobContext, name: str, test: Callable[[JobContext], str]) -> dict[str, Any]:
    try:
        return Check(name=name, passed=True, summary=test(ctx)).model_dump()
    except DsmError as error:
        return Check(name=name, passed=False, summary=error.message, next_step=error.hint).model_dump()


def _port(ctx: JobContext) -> str:
    times = []
    for _ in range(3):
        begun = time.monotonic()
        open_tcp(Endpoint(ctx.target.address, ctx.target.port)).close()
        times.append((time.monotonic() - begun) * 1000)
    return f"port {ctx.target.port} open, {statistics.median(times):.1f} ms"


def _certificate(ctx: JobContext) -> str:
    shown = fetch_certificate(Endpoint(ctx.target.address, ctx.target.port))
    if shown.not_after is None:
        return f"certificate of {shown.subject} without a readable date"
    days = (shown.not_after - datetime.now(UTC)).days
    if days < 0:
        return f"certificate of {shown.subject} expired {-days} days ago"
    return f"certificate of {shown.subject}, valid for {days} days"


def _redfish(ctx: JobContext) -> str:
    bmc = ctx.redfish()
    identity = bmc.identify()
    return f"Redfish {identity.redfish_version} of {identity.vendor or 'an unnamed maker'}, {bmc.response_ms:.0f} ms"


def _clock(ctx: JobContext) -> str:
    clock = ctx.redfish().clock()
    if clock is None:
        return "login accepted; the BMC names no time"
    return f"login accepted, clock differs by {(clock - ctx.now()).total_seconds():+.0f} s"
