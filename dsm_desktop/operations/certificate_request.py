"""Let iDRACs make keys and signing requests for the site's own authority, into one folder."""

from __future__ import annotations

import ipaddress
import re
from functools import partial
from pathlib import Path

from pydantic import Field

from dsm_desktop.commands.certificates import note_certificate, note_request
from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.jobs import JobContext, Params, Result, idrac, job
from dsm_desktop.net.tls import Certificate, fetch_certificate
from dsm_desktop.operations.reading import reported
from dsm_desktop.queries.servers import list_servers
from dsm_desktop.redfish.certificates import BY_RACADM, CertificateSubject, generate_request, last_request
from dsm_desktop.vault.authority import read_request

WITH_CERTIFICATES = idrac(9, "4.00", otherwise=BY_RACADM)
PLACES = ("{name}", "{host}", "{tag}", "{address}")


class SubjectParams(Params):
    """Whom the certificates are for; shared by requesting and installing."""

    common_name: str = Field(
        "{name}",
        title="Common name",
        description="{name}, {host}, {tag}, {address} stand for the server's own",
        max_length=200,
    )
    organization: str = Field("", title="Organization", max_length=64, description="empty: “Site”")
    unit: str = Field("", title="Department", max_length=64)
    city: str = Field("", title="City", max_length=64)
    state: str = Field("", title="State or province", max_length=64)
    country: str = Field("US", title="Country", pattern=r"^[A-Z]{2}$", description="two letters")
    email: str = Field("", title="E-mail", max_length=128)


class RequestParams(SubjectParams):
    folder: str = Field(
        title="Folder",
        description="on the machine that runs the job; each request becomes <service tag>.csr",
        json_schema_extra={"widget": "folder"},
    )


class RequestResult(Result):
    file: str = Field(title="File")
    subject: str = Field(title="Subject")


@job(
    "certificate_request",
    label="Request certificates…",
    title="Certificate request of {target}",
    menu="Security",
    needs=Permission.CONFIGURE,
    exclusive=True,
    requires=(WITH_CERTIFICATES,),
)
async def certificate_request(ctx: JobContext, params: RequestParams) -> RequestResult:
    """Let each iDRAC make a new key and a signing request, and write the requests into a folder for the site's authority.

    The key never leaves the iDRAC; it keeps only the newest one. What it shows today stays until a certificate is installed.
    """
    async with reported(ctx):
        folder = await ctx.step("look at the folder", partial(_writable, params.folder))
        subject = await ctx.step(
            "choose the names", partial(subject_of, ctx, params), returns=CertificateSubject
        )
        await ctx.step("look at the certificate", partial(look, ctx))
        pem = await make_request(ctx, subject)
        if ctx.dry_run:
            return RequestResult(summary="Nothing was sent (dry run).", file="", subject=subject.common_name)
        file = await ctx.step("write the request", partial(_write, ctx, Path(folder), pem))
    said = read_request(pem).subject.rfc4514_string()
    return RequestResult(summary=f"{Path(file).name} waits to be signed.", file=file, subject=said)


async def make_request(ctx: JobContext, subject: CertificateSubject) -> str:
    """The request of a new key, kept in the store; "" in a dry run."""
    bmc = ctx.redfish()

    def newest() -> str | None:
        """A request that was made before a kill serves as well as another one, if it is for these names."""
        pem = last_request(bmc)
        return pem if pem and subject.common_name in read_request(pem).subject.rfc4514_string() else None

    pem = await ctx.step(
        "let the iDRAC make a request",
        lambda: generate_request(bmc, subject),
        changing=True,
        interrupted=newest,
        attempts=2,
        plan=f"POST CertificateService.GenerateCSR {subject.common_name}",
    )
    if ctx.dry_run:
        return ""
    if not pem:
        pem = await ctx.wait_for("the iDRAC's request", newest, every=10, timeout=300, tolerate=(DsmError,))

    def keep() -> bool:
        with ctx.write() as uow:
            note_request(uow, ctx.target.server_id, pem, ctx.job_id)
        return True

    await ctx.step("keep the request", keep)
    return pem


def subject_of(ctx: JobContext, params: SubjectParams) -> CertificateSubject:
    """The names of this server filled in. BadInput for a place-holder nobody knows."""
    with ctx.write() as uow:
        (row,) = list_servers(uow.session.connection(), [ctx.target.server_id])
    own = {"name": row.label, "host": row.host_name, "tag": row.service_tag or "", "address": row.address}
    try:
        common = params.common_name.format_map(own).strip(" .-") or row.address
    except (KeyError, ValueError, IndexError) as error:
        raise BadInput(
            f"'{params.common_name}' has a place-holder that is not known: {error}.",
            hint=f"Known: {', '.join(PLACES)}.",
        ) from None
    names = dict.fromkeys(n for n in (common, row.host_name, row.address) if _is_name(n))
    return CertificateSubject(
        common,
        params.organization or "Site",
        params.unit or "IT",
        params.city or "-",
        params.state or "-",
        params.country,
        params.email,
        tuple(names),
    )


def shown(ctx: JobContext) -> Certificate:
    """What the BMC's web server shows now, whatever is pinned. Nothing is sent."""
    transport = ctx.redfish().transport
    return fetch_certificate(transport.endpoint, old_tls=transport.trust.old_tls)


def look(ctx: JobContext) -> str:
    """The same, written down; its fingerprint."""
    found = shown(ctx)
    with ctx.write() as uow:
        note_certificate(uow, ctx.target.server_id, found)
    return found.fingerprint


def file_stem(ctx: JobContext) -> str:
    """The name of a server's files."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", ctx.target.service_tag or ctx.target.address)


def folder_named(text: str) -> Path:
    """The folder a person named. Raises BadInput."""
    folder = Path(text).expanduser()
    if not text.strip() or not folder.is_absolute() or not folder.is_dir():
        raise BadInput(
            f"'{text}' is no folder on this machine.", hint="Name an existing folder by its full path."
        )
    return folder


def _writable(text: str) -> str:
    folder = folder_named(text)
    probe = folder / ".dsm-desktop-probe"
    try:
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # many servers' tasks try the same folder at once
    except OSError as error:
        raise BadInput(f"The folder {folder} cannot be written to: {error.strerror}.") from error
    return str(folder)


def _write(ctx: JobContext, folder: Path, pem: str) -> str:
    file = folder / f"{file_stem(ctx)}.csr"
    file.write_text(pem, encoding="ascii")
    return str(file)


def _is_name(text: str) -> bool:
    """A DNS name or an address, as an alternative name takes it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", text))
    return True
