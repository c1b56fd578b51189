"""Put certificates on iDRACs that the site's authority, or the small built-in one, has signed; pin exactly those."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from pydantic import Field

from dsm_desktop.commands.certificates import pin_installed, sign_by_authority, waiting_request
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.jobs import Danger, JobContext, Result, TimedOut, job
from dsm_desktop.net.tls import CertificateChanged
from dsm_desktop.operations.certificate_request import (
    WITH_CERTIFICATES,
    SubjectParams,
    file_stem,
    folder_named,
    look,
    make_request,
    shown,
    subject_of,
)
from dsm_desktop.operations.reading import reported
from dsm_desktop.redfish.actions import idrac_reset_mark, idrac_reset_was_taken
from dsm_desktop.redfish.certificates import CertificateSubject, install_certificate
from dsm_desktop.store.restore_list import CERTIFICATE
from dsm_desktop.vault.authority import read_certificate, same_key
from dsm_desktop.vault.vault import Vault

ITSELF = {"imported": 60.0, "replaced": 15.0}
"""Seconds in which newer firmware restarts its web server by itself, by the way the certificate was put there."""
BACK = 900.0
_ENDINGS = (".crt", ".cer", ".pem")


class NotSigned(DsmError):
    """No certificate for the request of this server lies in the folder."""

    blame = Blame.USER


class NotShown(DsmError):
    """The iDRAC took the certificate and goes on showing another one. The pin was not changed."""

    blame = Blame.PEER


class Source(Worded):
    """Who signs."""

    BUILT_IN = "built_in", "The built-in authority"
    FOLDER = "folder", "The site's authority, from a folder"


class InstallParams(SubjectParams):
    source: Source = Field(
        Source.BUILT_IN,
        title="Signed by",
        description="the built-in authority, or the site's",
    )
    folder: str = Field(
        "",
        title="Folder",
        description="with the signed certificates (.crt, .cer, .pem)",
        json_schema_extra={"widget": "folder"},
    )
    days: int = Field(825, ge=1, le=3650, title="Valid for", json_schema_extra={"unit": "days"})


class InstallResult(Result):
    fingerprint: str = Field(title="SHA-256")
    expires: str = Field(title="Valid until")
    restarted: bool = Field(title="iDRAC restarted")


@job(
    "certificate_install",
    label="Install certificates…",
    title="Install the certificate of {target}",
    menu="Security",
    needs=Permission.CONFIGURE,
    danger=Danger.DISRUPTIVE,
    exclusive=True,
    requires=(WITH_CERTIFICATES,),
    confirm=lambda _: "The iDRACs restart where their firmware needs it; the servers keep running.",
)
async def certificate_install(ctx: JobContext, params: InstallParams) -> InstallResult:
    """Install a signed certificate on each iDRAC, restart it where needed, and pin the new fingerprint if it is the installed one.

    Built-in: request, signature and installation in one go. From a folder: the certificate that fits the waiting request is taken.
    """
    async with reported(ctx):
        await ctx.step("look at the certificate", partial(look, ctx))
        if params.source is Source.BUILT_IN:
            subject = await ctx.step(
                "choose the names", partial(subject_of, ctx, params), returns=CertificateSubject
            )
            request = await make_request(ctx, subject)
            if ctx.dry_run:
                return _dry(ctx)
            pem = await ctx.step("sign the request", partial(_sign, ctx, request, subject, params.days))
        else:
            pem = await ctx.step("find the signed certificate", partial(_find, ctx, params.folder))
        wanted = fingerprint(pem)
        # From here on the device may show the new certificate at any moment: whatever happens, it is looked at and pinned.
        async with ctx.always(
            CERTIFICATE,
            f"the pinned certificate of {ctx.target.label} is the one its iDRAC shows, if it is the installed one",
            partial(_pin, ctx, wanted),
            original={"fingerprint": wanted},
        ):
            restarted = await _install(ctx, pem, wanted)
        if ctx.dry_run:
            return _dry(ctx)
        await ctx.step("log in with the new certificate", lambda: ctx.redfish().login(), attempts=3)
    until = read_certificate(pem).not_valid_after_utc
    return InstallResult(
        summary=f"Installed and pinned; valid until {until:%Y-%m-%d}.",
        fingerprint=wanted,
        expires=until.isoformat(),
        restarted=restarted,
    )


def fingerprint(pem: str) -> str:
    """SHA-256 of a certificate's DER form, lower-case hex."""
    return read_certificate(pem).fingerprint(hashes.SHA256()).hex()


async def _install(ctx: JobContext, pem: str, wanted: str) -> bool:
    """Import, then restart unless the device shows it by itself; whether a restart was sent."""
    bmc = ctx.redfish()
    mark = await ctx.step("read iDRAC's last restart", partial(idrac_reset_mark, bmc))
    how = await ctx.step(
        "install the certificate",
        lambda: install_certificate(bmc, pem),
        changing=True,
        # Not shown yet says nothing: the same certificate is then put there once more, which changes nothing.
        interrupted=lambda: "imported" if _shows(ctx, wanted) else None,
        attempts=3,
        plan=f"POST CertificateService.ReplaceCertificate (SHA-256 {wanted[:16]}…)",
    )
    if ctx.dry_run:
        return False
    if await _comes_by_itself(ctx, wanted, ITSELF[how]):
        return False

    def send() -> bool:
        try:
            bmc.reset_idrac()
        except CertificateChanged as error:
            if error.shown.fingerprint != wanted:
                raise
            return False  # it has come by itself meanwhile
        return True

    def taken() -> bool | None:
        return True if _shows(ctx, wanted) or idrac_reset_was_taken(bmc, mark) else None

    sent = await ctx.step(
        "restart iDRAC",
        send,
        changing=True,
        interrupted=taken,
        attempts=4,
        plan=f"restart the iDRAC of {ctx.target.label}",
    )
    ctx.progress(0, 1, "Waiting for the iDRAC")
    try:
        await ctx.wait_for(
            f"the iDRAC of {ctx.target.label} to show its new certificate",
            lambda: _shows(ctx, wanted) or None,
            every=10,
            timeout=BACK,
            tolerate=(DsmError,),
        )
    except TimedOut as error:
        raise NotShown(
            f"the iDRAC of {ctx.target.label} does not show the installed certificate",
            hint="Look at its web page; restart the iDRAC, then read its certificate again.",
            where=ctx.target.label,
        ) from error
    return sent


async def _comes_by_itself(ctx: JobContext, wanted: str, seconds: float) -> bool:
    try:
        await ctx.wait_for(
            "the new certificate to be shown",
            lambda: _shows(ctx, wanted) or None,
            every=3,
            timeout=seconds,
            tolerate=(DsmError,),
        )
    except TimedOut:
        return False
    return True


def _shows(ctx: JobContext, wanted: str) -> bool:
    return shown(ctx).fingerprint == wanted


def _pin(ctx: JobContext, wanted: str) -> None:
    """Only what this program has installed is believed; anything else stays for a person to compare."""
    found = shown(ctx)
    if found.fingerprint == wanted:
        with ctx.write() as uow:
            pin_installed(uow, ctx.submitted_by, ctx.target.server_id, found)


def _sign(ctx: JobContext, request: str, subject: CertificateSubject, days: int) -> str:
    with ctx.write() as uow:
        return sign_by_authority(
            uow, Principal(ctx.submitted_by), ctx.service(Vault), request, names=subject.names, days=days
        )


def _find(ctx: JobContext, folder: str) -> str:
    """The certificate in a folder whose key is that of the waiting request; the file's name does not matter."""
    with ctx.write() as uow:
        request = waiting_request(uow, ctx.target.server_id)
    if not request:
        raise NotSigned(
            f"{ctx.target.label} has no request that waits.",
            hint="Run 'Request certificates' first, have it signed, then install.",
            where=ctx.target.label,
        )
    here, unreadable = folder_named(folder), ""
    for file in _certificates(here):
        try:
            if not file.is_file() or file.stat().st_size > 1_000_000:
                continue
            pem = file.read_text(encoding="ascii", errors="replace")
            if same_key(request, pem):
                return _checked(ctx, pem, file)
        except BadInput:
            continue  # another file than a certificate
        except OSError as error:
            unreadable = f" ({file.name} cannot be read: {error.strerror})"
            ctx.log(f"{file} cannot be read: {error.strerror}", "warning")
    raise NotSigned(
        f"no certificate in {here} was made for the request of {ctx.target.label}{unreadable}",
        hint=f"Let the authority sign {file_stem(ctx)}.csr; a newer request makes older certificates useless.",
        where=str(here),
    )


def _certificates(folder: Path) -> list[Path]:
    try:
        return sorted(f for f in folder.iterdir() if f.suffix.lower() in _ENDINGS)
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be read: {error.strerror}.", where=str(folder)) from error


def _checked(ctx: JobContext, pem: str, file: Path) -> str:
    """The leaf alone, if it is valid now."""
    begin = pem.index("-----BEGIN CERTIFICATE-----")
    end = pem.index("-----END CERTIFICATE-----", begin) + len("-----END CERTIFICATE-----")
    leaf = pem[begin:end] + "\n"
    certificate = read_certificate(leaf)
    if not certificate.not_valid_before_utc <= ctx.now() <= certificate.not_valid_after_utc:
        raise BadInput(f"The certificate {file.name} is not valid now.", where=str(file))
    return leaf


def _dry(ctx: JobContext) -> InstallResult:
    return InstallResult(summary="Nothing was sent (dry run).", fingerprint="", expires="", restarted=False)
