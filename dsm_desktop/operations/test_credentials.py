"""Does the login that would be used work?"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.vault.resolve import CredentialResolver


class CredentialTestParams(Params):
    """Nothing to choose: the login that the rules pick is tried, once."""


class CredentialTestResult(Result):
    username: str = Field(title="User name")
    rule: str = Field(title="Chosen because")


@job("test_credentials", label="Test login", title="Test the login of {target}", menu="Tools")
async def test_credentials(ctx: JobContext, params: CredentialTestParams) -> CredentialTestResult:
    """Log in once with the credential set that the rules pick for each server, say which rule won, and log out again."""

    def attempt(bmc: RedfishClient) -> dict[str, Any]:
        chosen = ctx.service(CredentialResolver).explain(ctx.target.server_id)[0]
        bmc.login()
        return {"username": chosen.username, "rule": chosen.why}

    found = await read_server(ctx, "log in", attempt)
    return CredentialTestResult(summary=f"{found['username']} is accepted ({found['rule']}).", **found)
