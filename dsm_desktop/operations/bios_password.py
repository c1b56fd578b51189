"""Set, change or remove the passwords that BIOS itself asks for."""

from __future__ import annotations

import contextlib
import enum
import hashlib
from functools import partial
from typing import Any

from pydantic import Field, model_validator

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Result, TimedOut, job
from dsm_desktop.operations.bios import BiosTimed, BiosWhen, timed_danger, timed_warning
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish import bios
from dsm_desktop.redfish.client import RedfishClient
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.workflows.bios import LATE, BiosJobFailed, make_job
from dsm_desktop.workflows.bios_job import follow_staged, refuse_others_waiting, refuse_waiting
from dsm_desktop.workflows.bios_reading import AWAY, EVERY
from dsm_desktop.workflows.bios_staged import StagedBios, refuse_others

MOST = 32
"""Characters; BIOS registries of PowerEdge 14G to 16G name this bound and printable ASCII."""


class PasswordUnchanged(DsmError):
    """The iDRAC's job ended well, and BIOS shows the same password as before."""

    blame = Blame.PEER


class BiosPassword(Worded):
    """SETUP guards BIOS settings at the console; SYSTEM is asked for at every start, before an operating system runs."""

    SETUP = "setup", "Setup password"
    SYSTEM = "system", "System password"


_NAMES = {
    BiosPassword.SETUP: ("SetupPassword", "SHA256SetupPassword"),
    BiosPassword.SYSTEM: ("SysPassword", "SHA256SystemPassword"),
}
"""Name in Bios.ChangePassword, and the BIOS attribute that shows its hash (beside …Salt); seen on a recorded R750."""


class Proof(enum.StrEnum):
    """How far BIOS lets it be proven: the hash it shows is the new password's, is another one than before, or is not told."""

    READ_BACK = "read back"
    CHANGED = "the stored hash has changed"
    NOT_TOLD = "the iDRAC's job ended well; this firmware shows no more"
    WAITING = "waits for the restart"


class BiosPasswordParams(BiosTimed):
    password: BiosPassword = Field(
        BiosPassword.SETUP,
        title="Password",
        description="the system password stops every start until it is typed",
    )
    new: str = Field(
        "",
        max_length=200,
        title="New password",
        description="name of the credential set that holds it",
        json_schema_extra={"suggest": "credential:bios"},
    )
    remove: bool = Field(False, title="Remove the password")
    old: str = Field(
        "",
        max_length=200,
        title="Present password",
        description="name of the credential set that holds it; empty: none is set",
        json_schema_extra={"suggest": "credential:bios"},
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> BiosPasswordParams:
        if bool(self.new) == self.remove:
            raise ValueError(
                "name the credential set of the new password, or remove the password, one of the two"
            )
        if self.when is BiosWhen.STAGE:
            raise ValueError("a password is not left staged: the next BIOS job of anybody would apply it")
        return self


class BiosPasswordResult(Result):
    proof: Proof | None = Field(None, title="Proof")


def danger_of(params: BiosPasswordParams) -> Danger:
    """A server that asks for a password at every start does not come back by itself: that is typed."""
    stops = params.password is BiosPassword.SYSTEM and not params.remove
    return Danger.DESTRUCTIVE if stops else timed_danger(params)


def warning(params: BiosPasswordParams) -> str:
    """The confirmation's sentence."""
    stops = "At every start the servers wait until somebody types the password at the console. "
    lost = "Whoever does not have the new password gets into BIOS setup no more. "
    said = "" if params.remove else stops if params.password is BiosPassword.SYSTEM else lost
    return said + timed_warning(params)


@job(
    "bios_password",
    label="Change BIOS password…",
    title="BIOS {password} password of {target}",
    menu="Security",
    needs=Permission.CONFIGURE,
    danger=Danger.DISRUPTIVE,
    danger_of=danger_of,
    exclusive=True,
    confirm=warning,
)
async def bios_password(ctx: JobContext, params: BiosPasswordParams) -> BiosPasswordResult:
    """Set, change or remove the setup or system password of BIOS: staged, applied by a job with a restart, and proven by the hash
    that BIOS shows, where it shows one. Passwords come from credential sets of the kind 'BIOS password'.

    A wrong present password is refused by the server; it is sent once and never tried again. Where other BIOS settings are staged,
    nothing is sent: a staged password does not show, and could only be withdrawn together with them.
    """
    async with reported(ctx):
        seen = await ctx.step("look at the password", partial(_look, ctx, params), attempts=3)
        if seen["fits"]:
            return BiosPasswordResult(summary="It is so already.", proof=Proof.READ_BACK)
        await ctx.step("look for a waiting BIOS job", partial(refuse_waiting, ctx))
        if params.when in (BiosWhen.NOW, BiosWhen.WINDOW):
            await ctx.step("look what else waits for a restart", partial(refuse_others_waiting, ctx))
        uri = seen["settings_uri"]
        staged = StagedBios(ctx, uri, "a BIOS password")
        async with staged.promised("withdraw staged BIOS password", {"password": params.password.value}):
            await _stage(ctx, params, staged, uri)
            staged.job_id = job_id = await make_job(ctx, uri, params.timing)
            if job_id is None:
                return BiosPasswordResult(summary="Nothing was sent (dry run).")
            if params.when is not BiosWhen.NOW:
                return BiosPasswordResult(
                    summary=f"The iDRAC's job {job_id} applies it.", proof=Proof.WAITING
                )
            ended = await follow_staged(ctx, staged, job_id, params.minutes)
        if ended["failed"]:
            raise BiosJobFailed(
                f"The iDRAC's job {job_id} failed: {ended['message'] or 'it gave no reason'}",
                hint="Is the present password right? The password jumper (PWRD_EN) must be set, too.",
                where=ctx.target.label,
            )
        proof = await _proven(ctx, params, seen)
    done = "removed" if params.remove else "set"
    return BiosPasswordResult(summary=f"The {params.password} password is {done}: {proof}.", proof=proof)


async def _stage(ctx: JobContext, params: BiosPasswordParams, staged: StagedBios, uri: str) -> None:
    name = _NAMES[params.password][0]

    def send(bmc: RedfishClient) -> None:
        refuse_others(ctx, bios.pending_settings(bmc, uri))  # in the last moment
        bios.change_password(bmc, name, _secret(ctx, params.old), _secret(ctx, params.new))

    await staged.stage(
        "stage the password",
        send,
        # What is staged is not shown. The present password stays in force until the job has run, so the same may be staged again.
        lambda bmc: False,
        attempts=2,
        plan=f'POST Bios.ChangePassword {name} {{"OldPassword": "••••••", "NewPassword": "••••••"}}',
    )


def _secret(ctx: JobContext, name: str) -> str:
    """The password in a credential set; "" without a name."""
    if not name:
        return ""
    secret = ctx.service(CredentialResolver).with_name(name, "bios").password.get_secret_value()
    if len(secret) > MOST or not (secret.isascii() and secret.isprintable()):
        raise BadInput(
            f"The password in '{name}' is none that BIOS takes.",
            hint=f"At most {MOST} printable ASCII characters.",
            where=f"credential set {name}",
        )
    return secret


def _look(ctx: JobContext, params: BiosPasswordParams) -> dict[str, Any]:
    """What BIOS shows of the password, without keeping its hash. Refuses what the server would refuse."""
    new, old = _secret(ctx, params.new), _secret(ctx, params.old)
    state = bios.read_bios(ctx.redfish())
    if not _fits(state, params.password, new):
        refuse_others(ctx, state.pending)
    shown = state.attributes.get(_NAMES[params.password][1])
    where = ctx.target.label
    if isinstance(shown, str) and not _fits(state, params.password, new):
        if shown and not params.old:
            raise BadInput(
                f"A {params.password} password is set on {where}.",
                hint="Name the credential set that holds it under 'Present password'.",
                where=where,
            )
        if not shown and params.old:
            raise BadInput(
                f"No {params.password} password is set on {where}.",
                hint="Leave 'Present password' empty.",
                where=where,
            )
        if shown and not _fits(state, params.password, old):
            ctx.log("What BIOS shows does not look like the present password that was given.", "warning")
    return {
        "settings_uri": state.settings_uri,
        "fits": _fits(state, params.password, new),
        "mark": _mark(state, params.password),
    }


def _fits(state: bios.BiosState, which: BiosPassword, password: str) -> bool:
    """Whether the hash BIOS shows is this password's; "" fits where none is set. False where it shows none.

    The registry says "salt string appended to the password prior to hash"; some firmware may mean the salt's bytes.
    """
    name = _NAMES[which][1]
    shown, salt = state.attributes.get(name), str(state.attributes.get(f"{name}Salt") or "")
    if not isinstance(shown, str):
        return False
    if not shown or not password:
        return not shown and not password
    salts = [salt.encode()]
    with contextlib.suppress(ValueError):
        salts.append(bytes.fromhex(salt))
    return shown.lower() in {hashlib.sha256(password.encode() + each).hexdigest() for each in salts}


def _mark(state: bios.BiosState, which: BiosPassword) -> str:
    """Tells two states of the password apart, and nothing else: a digest of hash and salt. "" where none is shown."""
    name = _NAMES[which][1]
    if not isinstance(state.attributes.get(name), str):
        return ""
    both = f"{state.attributes[name]} {state.attributes.get(f'{name}Salt')}"
    return hashlib.sha256(both.encode()).hexdigest()


async def _proven(ctx: JobContext, params: BiosPasswordParams, seen: dict[str, Any]) -> Proof:
    if not seen["mark"]:
        return Proof.NOT_TOLD

    def look() -> str | None:
        state = bios.read_bios(ctx.redfish())
        if _fits(state, params.password, _secret(ctx, params.new)):
            return Proof.READ_BACK.value
        return Proof.CHANGED.value if _mark(state, params.password) != seen["mark"] else None

    try:
        found = await ctx.wait_for(
            "the password to be read back", look, every=EVERY, timeout=LATE, tolerate=AWAY
        )
    except TimedOut as error:
        raise PasswordUnchanged(
            f"the iDRAC's job ended well, and the {params.password} password of {ctx.target.label} is the one from before",
            hint="Look at the lifecycle log; then try it at the console.",
            where=ctx.target.label,
        ) from error
    return Proof(found)
