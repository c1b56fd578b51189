"""Give BMC accounts a new password without ever losing the way in.

sealed ─set─▶ sending ─new login works─▶ changed ─no server uses the old set─▶ finished
   ▲              │
   └──old login───┘   whatever happens in between (refusal, cancel, kill, silence), the restore list asks the device which works
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from dsm_desktop.commands.password_rotations import (
    begin_rotation,
    note_rotation,
    retire_old,
    unfinished_rotation,
)
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Paced, Result, ServerClients, job
from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.logins import PENALTY, LoginHeld, LoginRefused
from dsm_desktop.net.transport import NoAnswer
from dsm_desktop.operations.reading import reported
from dsm_desktop.queries.password_rotations import last_sent, rotation_state, server_labels
from dsm_desktop.redfish.accounts import own_account, set_password
from dsm_desktop.redfish.errors import DeviceFault, PasswordChangeRequired
from dsm_desktop.vault.passwords import longest, make_password
from dsm_desktop.vault.resolve import Choice, CredentialResolver, NoCredential, Resolved
from dsm_desktop.vault.vault import Vault

BETWEEN_LOGINS = PENALTY + 1.0
_NEW_REFUSED = "the new password was refused once"


class NotTaken(DsmError):
    """The device went on accepting the old password. Nothing is lost; the sealed new one is used at the next try."""

    blame = Blame.PEER


class NeitherAccepted(DsmError):
    """The device refused the new and the old password: somebody else has changed it meanwhile. It is not asked further."""

    blame = Blame.PEER


class NotKnownYet(DsmError):
    """Which password the device holds cannot be asked now without risking a lock-out."""

    blame = Blame.PEER
    retryable = True

    def __init__(self, message: str, *, where: str, retry_after: float) -> None:
        super().__init__(message, where=where)
        self.retry_after = retry_after


class Scope(Worded):
    """Whether servers share the new password."""

    PER_SERVER = "per_server", "One for each server"
    SHARED = "shared", "One for all that share a set"


class RotateParams(Paced):
    scope: Scope = Field(
        Scope.PER_SERVER,
        title="New password",
        description="shared: one for all that share a set",
    )
    length: int = Field(20, ge=12, le=40, title="Length", description="iDRAC7 and 8 take at most 20")


class RotateResult(Result):
    username: str = Field(title="Account")
    old_kept_for: list[str] = Field(default_factory=list, title="Old password still used by")


@job(
    "password_rotate",
    label="Change iDRAC password…",
    title="Change the iDRAC password of {target}",
    menu="Security",
    needs=Permission.CONFIGURE,
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    confirm=lambda _: "Tools and scripts that still use the old password will not get in any more.",
)
async def password_rotate(ctx: JobContext, params: RotateParams) -> RotateResult:
    """Give the account this program signs in with a new random password: sealed first, set, proven by a login, then used.

    The old password is kept until no server needs it. A server that was not reached keeps its login; start the job again for
    those. Sessions of the account end on the device.
    """
    async with reported(ctx):
        chosen = await ctx.step("look up the login", partial(_look_up, ctx))
        username = str(chosen["username"])
        doubtful = chosen["state"] == "sending"
        account: dict[str, Any] = {"uri": ""}
        if not doubtful:
            account = await ctx.step("find the account", partial(_find_account, ctx, username, params.length))
        if ctx.dry_run:
            await _send(ctx, 0, 0, account["uri"])
            return RotateResult(summary="Nothing was sent (dry run).", username=username)
        rotation, credential = await ctx.step("seal the new password", partial(_seal, ctx, params))
        async with ctx.always(
            "login",
            f"the login on file for {ctx.target.label} is the one its iDRAC accepts",
            partial(_settle, ctx, rotation, account["uri"]),
            original={"rotation": rotation, "username": username},
        ):
            if not doubtful:
                await _send(ctx, rotation, credential, account["uri"])
        state = await ctx.step("read what is known", partial(_state, ctx, rotation))
        if state not in ("changed", "finished"):
            raise NotTaken(
                f"the iDRAC of {ctx.target.label} still has its old password",
                hint="The old login stays in use. Start the job again for this server.",
                where=ctx.target.label,
            )
        left = await ctx.step("who still has the old password", partial(_retire, ctx, rotation))
    said = (
        f"The old password is kept: {len(left)} servers still use it." if left else "The old one is retired."
    )
    return RotateResult(
        summary=f"{username} has a new password. {said}", username=username, old_kept_for=left
    )


async def _send(ctx: JobContext, rotation: int, credential: int, uri: str) -> None:
    """The PATCH. Whether it was taken is decided by a login, not by its answer."""

    def send() -> str:
        new = ctx.service(CredentialResolver).with_credential(credential).password
        _note(ctx, rotation, "sending")
        try:
            set_password(ctx.redfish(), uri, new.get_secret_value())
        except (BadAnswer, DeviceFault):
            return "unclear"
        except NoAnswer as error:
            if error.sent:
                return "unclear"
            _note(ctx, rotation, "sealed", error.message)
            raise
        except DsmError as error:
            _note(ctx, rotation, "sealed", error.message)
            raise
        return "sent"

    await ctx.step(
        "set the new password",
        send,
        changing=True,
        interrupted=lambda: "unclear" if _on_paper(ctx, uri) is None else None,
        plan=f'PATCH {uri} {{"Password": "••••••"}}',
    )


def _look_up(ctx: JobContext) -> dict[str, Any]:
    """The login in use, and what an earlier job left."""
    with ctx.write() as uow:
        kept = unfinished_rotation(uow, ctx.target.server_id)
    old = _old_choice(ctx)
    return {"username": kept.username if kept else old.username, "state": kept.state if kept else ""}


def _find_account(ctx: JobContext, username: str, length: int) -> dict[str, Any]:
    found = own_account(ctx.redfish(), username)
    most = found.max_length or longest(ctx.target.generation)
    if length > most:
        raise BadInput(
            f"{ctx.target.label} takes passwords of at most {most} characters.",
            hint=f"Choose a length up to {most}.",
            where=ctx.target.label,
        )
    return {"uri": found.uri}


def _seal(ctx: JobContext, params: RotateParams) -> list[int]:
    resolver, vault = ctx.service(CredentialResolver), ctx.service(Vault)
    old = _old_choice(ctx)
    users = resolver.users_of(old.credential_id) if old.credential_id is not None else []
    with ctx.write() as uow:
        begun = begin_rotation(
            uow,
            vault,
            Principal(ctx.submitted_by),
            ctx.job_id,
            (ctx.target.server_id, ctx.target.label),
            old,
            lambda: make_password(params.length),
            shared=params.scope is Scope.SHARED,
            only_user=users == [ctx.target.server_id],
        )
    resolver.invalidate()
    return [begun.id, begun.credential_id]


def _settle(ctx: JobContext, rotation: int, uri: str) -> None:
    """Find out which password the device holds and let the list of logins say so. At most one wrong login a minute.

    Asks nothing where the paper knows: no call was sent, or the device refused it. Raises NotKnownYet, NeitherAccepted.
    """
    with ctx.write() as uow:
        kept = unfinished_rotation(uow, ctx.target.server_id)
    if kept is None or kept.id != rotation or kept.state != "sending":
        return
    if uri and (known := _on_paper(ctx, uri)) is not None:
        _note(ctx, rotation, "sealed", known)
        return
    resolver = ctx.service(CredentialResolver)
    if kept.problem == _NEW_REFUSED:
        if not _accepts(ctx, resolver.for_server(ctx.target.server_id)):
            raise NeitherAccepted(
                "the device accepts neither the new nor the old password",
                hint="Somebody else has changed it. Put the right one into a credential set by hand.",
                where=ctx.target.label,
            )
        _note(ctx, rotation, "sealed", "the device kept the old password")
    elif _accepts(ctx, resolver.with_credential(kept.credential_id)):
        _note(ctx, rotation, "changed")
        _retire(ctx, rotation)  # here, so that a cancel does not leave it undone
    else:
        _note(ctx, rotation, "sending", _NEW_REFUSED)
        raise NotKnownYet(
            "the device refused the new password; the old one is tried in a minute",
            where=ctx.target.label,
            retry_after=BETWEEN_LOGINS,
        )


def _accepts(ctx: JobContext, login: Resolved) -> bool:
    """One login, through the budget that keeps consoles from being locked out."""
    client = ctx.service(ServerClients).login(ctx.target, login.username, login.password)
    try:
        client.login()
    except LoginRefused:
        return False
    except LoginHeld as error:
        raise NotKnownYet(error.message, where=ctx.target.label, retry_after=error.retry_after) from error
    except PasswordChangeRequired:
        return True
    finally:
        client.close()
    return True


def _on_paper(ctx: JobContext, uri: str) -> str | None:
    """What the log of calls says of this task's PATCH, in words; None = it may have reached the device."""
    with ctx.write() as uow:
        sent = last_sent(uow.session.connection(), ctx.task_id, "PATCH", uri)
    if sent is None:
        return "nothing was sent"
    return f"the device refused it ({sent.status})" if sent.refused else None


def _note(ctx: JobContext, rotation: int, state: str, problem: str = "") -> None:
    with ctx.write() as uow:
        note_rotation(uow, rotation, state, problem)


def _state(ctx: JobContext, rotation: int) -> str:
    with ctx.write() as uow:
        return rotation_state(uow.session.connection(), rotation)


def _retire(ctx: JobContext, rotation: int) -> list[str]:
    resolver = ctx.service(CredentialResolver)
    with ctx.write() as uow:
        left = retire_old(uow, rotation, resolver.users_of)
        labels = server_labels(uow.session.connection(), left)
    resolver.invalidate()
    return labels


def _old_choice(ctx: JobContext) -> Choice:
    choices = ctx.service(CredentialResolver).explain(ctx.target.server_id)
    if not choices:
        raise NoCredential(
            "No login applies to this server, so its password cannot be changed.",
            hint="Assign a credential set with the password of today.",
            where=ctx.target.label,
        )
    return choices[0]
