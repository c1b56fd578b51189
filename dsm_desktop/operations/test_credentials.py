"""Does a login work?"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from dsm_desktop.jobs import JobContext, Params, Result, ServerClients, job
from dsm_desktop.operations.reading import read_server
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.vault.resolve import CredentialResolver


class CredentialTestParams(Params):
    credential_set: int | None = Field(
        None,
        ge=1,
        title="Credential set",
        description="Number of the set to try; without one the login that the rules pick is tried.",
        json_schema_extra={"hidden": True},
    )


class CredentialTestResult(Result):
    username: str = Field(title="User name")
    rule: str = Field(title="Chosen because")


@job("test_credentials", label="Test login", title="Test the login of {target}", menu="Tools")
async def test_credentials(ctx: JobContext, params: CredentialTestParams) -> CredentialTestResult:
    """Log in once with the credential set that the rules pick for each server, say which rule won, and log out again.

    A chosen set is tried as it is, whatever the rules say; the login in use is left alone.
    """

    def by_rules(bmc: RedfishClient) -> dict[str, Any]:
        chosen = ctx.service(CredentialResolver).explain(ctx.target.server_id)[0]
        bmc.login()
        return {"username": chosen.username, "rule": chosen.why}

    def this_set(number: int) -> dict[str, Any]:
        found = ctx.service(CredentialResolver).with_credential(number)
        client = ctx.service(ServerClients).login(ctx.target, found.username, found.password)
        try:
            client.login()
        finally:
            client.close()
        return {"username": found.username, "rule": found.why}

    if params.credential_set is None:
        found = await read_server(ctx, "log in", by_rules)
    else:
        number = params.credential_set
        # What a set that is only tried meets says nothing about the way in that is used.
        found = await ctx.step("log in with the chosen set", lambda: this_set(number))
    return CredentialTestResult(summary=f"{found['username']} is accepted ({found['rule']}).", **found)
