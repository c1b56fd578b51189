"""A host's recovery key in the vault before an update restarts it: a change of BIOS, TPM or Secure Boot may make a sealed host ask
for it, and then nobody can read it any more."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from itertools import count

from dsm_desktop.core.errors import Cancelled, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import JobContext, Option, Question
from dsm_desktop.safety.esxi_versions import read_version
from dsm_desktop.vault.recovery_keys import has_recovery_keys
from dsm_desktop.workflows.esxi_facts import save_keys
from dsm_desktop.workflows.maintenance import ATTEMPTS, HostSkipped, read_host, target_host
from dsm_desktop.workflows.ssh_access import HowToSignIn, ssh_on

_SINCE = (7, 0, 2)
"""The sealed configuration came with 7.0 Update 2."""


class WithoutKey(Worded):
    """What is done where it cannot be read whether a host has a recovery key."""

    ASK = "ask", "Ask"
    GO_ON = "go_on", "Go on without"


class KeyUnread(DsmError):
    """The host does not tell how its configuration is sealed."""


async def key_in_vault(ctx: JobContext, sign_in: HowToSignIn, without: WithoutKey, hours: float) -> None:
    """Returns when the target's key is in the vault, it needs none, or a person goes on without. Raises HostSkipped, Cancelled."""
    label = ctx.target.label
    if ctx.dry_run:
        ctx.log("would save the host's recovery key")
        return
    need = await ctx.step("look whether a recovery key is needed", partial(_needed, ctx), attempts=ATTEMPTS)
    if not need:
        return
    for number in count(1):
        try:
            await _save(ctx, sign_in, f"recovery key {number}")
        except Cancelled:
            raise
        except DsmError as error:
            why = f"{error.message.rstrip('.')}. {error.hint}".strip()
        else:
            return
        if without is WithoutKey.GO_ON:
            ctx.log(f"The recovery key of {label} was not saved: {why}", "warning")
            return
        answer = await ctx.decide(_question(label, why, number, hours))
        if answer == "go_on":
            return
        if answer == "stop":
            raise Cancelled(f"Stopped, as was decided: the recovery key of {label} was not saved.")
        if answer == "skip":
            raise HostSkipped(
                f"{label} was left out: its recovery key was not saved. {why}",
                hint="Let the program sign in to it by SSH, then retry the host.",
                where=label,
            )


def _needed(ctx: JobContext) -> bool:
    """A version that does not tell itself may have one. One that is in the vault already does where nobody can look again."""
    found = read_version(read_host(ctx).version)
    return found is None or found.parts >= _SINCE


async def _save(ctx: JobContext, sign_in: HowToSignIn, key: str) -> None:
    """Raises KeyUnread, and what SSH raises; nothing where an earlier key is in the vault."""
    try:
        # Without a login nothing is switched on.
        await ctx.step("find the login of the host", lambda: bool(ctx.esxi().where), key=key)
        async with ssh_on(ctx, sign_in, key=key):
            await ctx.step("save recovery key", partial(_look, ctx, sign_in.trust_first), key=key, attempts=3)
    except Cancelled:
        raise
    except DsmError as error:
        if not await ctx.step("look for an earlier recovery key", partial(_known, ctx), key=key):
            raise
        ctx.log(f"{error.message} An earlier recovery key of the host is in the vault.", "warning")


def _look(ctx: JobContext, trust_first: bool) -> bool:
    shell = ctx.esxi(trust_first=trust_first)
    sealed = shell.encryption()
    if sealed is None:
        raise KeyUnread(
            f"{ctx.target.label} does not tell how its configuration is sealed.",
            hint="Look there with 'esxcli system settings encryption get'.",
            where=ctx.target.label,
        )
    if sealed.mode.upper() != "NONE" and not save_keys(ctx, shell):
        raise KeyUnread(
            f"{ctx.target.label} has its configuration sealed ({sealed.mode}) and shows no recovery key.",
            hint="Look there with 'esxcli system settings encryption recovery list'.",
            where=ctx.target.label,
        )
    return True


def _known(ctx: JobContext) -> bool:
    with ctx.write() as uow:
        return has_recovery_keys(uow, target_host(ctx).id)


def _question(label: str, why: str, number: int, hours: float) -> Question:
    return Question(
        key=f"recovery key {number}",
        question=f"{label} is about to be updated and restarted, and its recovery key could not be saved: {why} If its TPM seals its"
        " configuration, a change of BIOS, TPM or Secure Boot may keep it from starting for good without that key.",
        options=[
            Option(
                value="retry", title="Try again", help="a login for its SSH was given, or it answers again"
            ),
            Option(
                value="go_on",
                title="Go on without",
                help="it has no TPM, or its key is kept elsewhere",
                danger=True,
            ),
            Option(value="skip", title=f"Leave {label} out", help="nothing has been changed on it"),
            Option(value="stop", title="Stop here", help="nothing has been changed on it"),
        ],
        default="skip",
        within=timedelta(hours=hours),
    )
