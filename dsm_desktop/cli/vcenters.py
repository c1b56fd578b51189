"""`dsm-desktop vcenters`: vCenters, their clusters and hosts, and which server a host runs on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.cli.watch import follow
from dsm_desktop.commands import vcenters as commands
from dsm_desktop.commands.recovery_keys import open_recovery_keys
from dsm_desktop.core.errors import NotFound
from dsm_desktop.net.tls import Endpoint, fetch_certificate
from dsm_desktop.queries.safety_history import safety_history, safety_schedule, schedule_words
from dsm_desktop.queries.unlinked import loose_servers
from dsm_desktop.queries.vsphere import VsphereView, certificate_place, vsphere_view

_VCENTERS = ("id", "name", "address", "version", "hosts", "vms", "synced_at", "problem")
_ALARMS = ("vcenter_id", "key", "colour", "name", "on", "since", "acknowledged")
_CLUSTERS = ("vcenter", "moid", "name", "hosts", "usable", "vms", "drs", "ha", "versions", "safety")
_HOSTS = (
    "id",
    "name",
    "vcenter",
    "cluster",
    "connection",
    "maintenance",
    "version",
    "build",
    "server",
    "link",
)
_VMS = (
    "vcenter_id",
    "moid",
    "name",
    "power",
    "connection",
    "host",
    "cluster",
    "cpus",
    "memory_mb",
    "question",
)
_DATASTORES = (
    "vcenter_id",
    "moid",
    "name",
    "kind",
    "capacity",
    "free",
    "accessible",
    "shared",
    "maintenance",
)
_RULES = ("vcenter_id", "cluster", "name", "kind", "enabled", "vms", "hosts")
_CHECKS = ("at", "kind", "name", "colour", "before", "by", "job_id", "summary")
_LOOSE_SERVERS = ("id", "label", "service_tag", "model", "host_name")
_FOUND = {
    "tag": "is linked by its service tag",
    "uuid": "is linked by its hardware id",
    "bmc": "is linked by the address of its iDRAC",
    "": "has no server now: neither service tag, hardware id nor iDRAC address says it",
}


@click.group()
def vcenters() -> None:
    """vCenters, their clusters and hosts. What is shown is the copy; `vcenters read` brings it up to date."""


@vcenters.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def list_(session: Session, as_json: bool) -> None:
    """All vCenters, when they were read, and why not."""
    _show("vCenters", _VCENTERS, _view(session).vcenters, as_json)


@vcenters.command()
@click.argument("address")
@click.option("--port", default=443, show_default=True)
@click.option("--name", default="", help="A name of your own.")
@click.option("--credential", "credential_id", type=int, help="Id of a credential set of the kind vcenter.")
@click.pass_obj
def add(session: Session, address: str, port: int, name: str, credential_id: int | None) -> None:
    """Put a vCenter on the list. Approve its certificate next: no login is sent before."""
    number = session.app().commands.do(
        commands.add_vcenter, address, port, name=name, credential_id=credential_id
    )
    output.say(f"vCenter {number} added. Next: dsm-desktop vcenters approve {number}")


@vcenters.command()
@click.argument("vcenter_id", type=int)
@click.option(
    "--fingerprint", default="", help="SHA-256 as you have it from vCenter itself; asks nothing then."
)
@click.pass_obj
def approve(session: Session, vcenter_id: int, fingerprint: str) -> None:
    """Look at the certificate a vCenter shows, and trust it from now on."""
    row = _one(_view(session).vcenters, vcenter_id, "vCenter")
    fingerprint = fingerprint or _compared(row.address, row.port, row.fingerprint)
    session.app().commands.do(commands.approve_vcenter_certificate, vcenter_id, fingerprint)
    output.say(f"Trusted. Next: dsm-desktop vcenters read {vcenter_id}")


@vcenters.command()
@click.argument("vcenter_id", type=int)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def read(session: Session, vcenter_id: int, as_json: bool) -> int:
    """Read a vCenter now."""
    job = session.app().commands.submit("vcenter_sync", [], {"vcenter_id": vcenter_id})
    return follow(session, job, as_json=as_json)


@vcenters.command()
@click.argument("vcenter_id", type=int)
@click.confirmation_option(prompt="Take this vCenter with its copy off the list?")
@click.pass_obj
def remove(session: Session, vcenter_id: int) -> None:
    """Take a vCenter off the list. Nothing is changed in it."""
    session.app().commands.do(commands.remove_vcenter, vcenter_id)
    output.say(f"vCenter {vcenter_id} removed.")


@vcenters.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def clusters(session: Session, as_json: bool) -> None:
    """Clusters with hosts, capacity and the last judgement."""
    _show_copy(session, "Clusters", _CLUSTERS, "clusters", as_json)


@vcenters.command()
@click.option(
    "--unlinked", is_flag=True, help="Those without a server, and the servers that carry no host beside them."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def hosts(session: Session, unlinked: bool, as_json: bool) -> None:
    """ESXi hosts and the servers they run on."""
    view = _view(session)
    rows = [row for row in view.hosts if not unlinked or row.server_id is None]
    _show("Hosts without a server" if unlinked else "Hosts", _HOSTS, rows, as_json)
    if unlinked and not as_json:
        servers = session.app().store.fetch(loose_servers)
        _show("Servers without a host", _LOOSE_SERVERS, servers, as_json)
    if not as_json:
        _show_ages(view)


@vcenters.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def vms(session: Session, as_json: bool) -> None:
    """Virtual machines and where they run."""
    _show_copy(session, "Virtual machines", _VMS, "vms", as_json)


@vcenters.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def datastores(session: Session, as_json: bool) -> None:
    """Datastores with the ids that `job browse_datastore` and `job iso_upload` take."""
    _show_copy(session, "Datastores", _DATASTORES, "datastores", as_json)


@vcenters.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def rules(session: Session, as_json: bool) -> None:
    """Rules of clusters that keep virtual machines together, apart, or on hosts."""
    _show_copy(session, "Rules", _RULES, "rules", as_json)


@vcenters.command()
@click.option("--changes", is_flag=True, help="Only those whose colour was another before.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def checks(session: Session, changes: bool, as_json: bool) -> None:
    """Safety checks of clusters and server groups, the newest first, and when the next is due."""
    store = session.app().store
    rows = [row for row in store.fetch(safety_history) if row.before or not changes]
    _show("Safety checks", _CHECKS, rows, as_json)
    if not as_json:
        output.say(schedule_words(store.fetch(safety_schedule)))


@vcenters.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def alarms(session: Session, as_json: bool) -> None:
    """Triggered alarms; `job acknowledge_alarms` takes their keys."""
    _show_copy(session, "Alarms", _ALARMS, "alarms", as_json)


@vcenters.command()
@click.argument("host_id", type=int)
@click.argument("server_id", type=int, required=False)
@click.pass_obj
def link(session: Session, host_id: int, server_id: int | None) -> None:
    """Say on which server a host runs; without a server the link by hand is taken away."""
    link = session.app().commands.do(commands.link_host, host_id, server_id)
    said = f"runs on server {server_id}" if server_id is not None else _FOUND[link]
    output.say(f"Host {host_id} {said}.")


@vcenters.command("add-host")
@click.argument("address")
@click.option("--port", default=443, show_default=True)
@click.option("--name", default="")
@click.option("--credential", "credential_id", type=int, help="Id of a credential set of the kind esxi.")
@click.pass_obj
def add_host(session: Session, address: str, port: int, name: str, credential_id: int | None) -> None:
    """Put an ESXi host without a vCenter on the list. Approve its certificate next: no login is sent before."""
    number = session.app().commands.do(
        commands.add_esxi_host, address, port, name=name, credential_id=credential_id
    )
    output.say(f"Host {number} added. Next: dsm-desktop vcenters approve-host {number}")


@vcenters.command("approve-host")
@click.argument("host_id", type=int)
@click.option(
    "--fingerprint", default="", help="SHA-256 as you have it from the host itself; asks nothing then."
)
@click.pass_obj
def approve_host(session: Session, host_id: int, fingerprint: str) -> None:
    """Look at the certificate a host without a vCenter shows, and trust it from now on."""
    if not fingerprint:
        address, port, known = session.app().store.fetch(lambda c: certificate_place(c, host_id))
        fingerprint = _compared(address, port, known)
    session.app().commands.do(commands.approve_host_certificate, host_id, fingerprint)
    output.say(f"Trusted. Next: dsm-desktop job host_refresh --host {host_id}")


def _compared(address: str, port: int, known: str) -> str:
    """The fingerprint shown now, once a person has said that it is the right one."""
    shown = fetch_certificate(Endpoint(address, port))
    output.say(shown.describe())
    if known:
        output.say(f"pinned so far {known}")
    if not click.confirm("Is that its certificate?"):
        raise click.Abort
    return shown.fingerprint


@vcenters.command("ssh-key")
@click.argument("host_id", type=int)
@click.argument("fingerprint")
@click.pass_obj
def ssh_key(session: Session, host_id: int, fingerprint: str) -> None:
    """Trust an SSH key of a host (SHA-256 in hex, as the job named it or the host's console shows it); '' forgets it."""
    session.app().commands.do(commands.approve_ssh_key, host_id, fingerprint)
    output.say(f"SSH key of host {host_id} {'kept' if fingerprint else 'forgotten'}.")


@vcenters.command("recovery-key")
@click.argument("host")
@click.pass_obj
def recovery_key(session: Session, host: str) -> None:
    """Show the recovery key of a host by name or service tag, for one that does not start without it. It is noted in the audit
    log."""
    app = session.app()
    for recovery_id, key in app.commands.do(open_recovery_keys, app.vault, host):
        output.say(f"{recovery_id}  {key.get_secret_value()}")


def _view(session: Session) -> VsphereView:
    return session.app().store.fetch(vsphere_view)


def _one(rows: Sequence[Any], number: int, what: str) -> Any:
    for row in rows:
        if row.id == number:
            return row
    raise NotFound(f"There is no {what} {number}.", hint="See `vcenters list`.")


def _show_copy(session: Session, title: str, columns: tuple[str, ...], of: str, as_json: bool) -> None:
    """A part of the copy, and under it how old the copy is."""
    view = _view(session)
    _show(title, columns, getattr(view, of), as_json)
    if not as_json:
        _show_ages(view)


def _show_ages(view: VsphereView) -> None:
    """When each vCenter and stand-alone host was read, and why there is nothing newer."""
    places = [(v.name, v.synced_at, v.problem) for v in view.vcenters]
    places += [(h.name, h.seen_at, h.problem) for h in view.hosts if h.alone]
    for name, at, problem in places:
        read = f"read {at.astimezone():%Y-%m-%d %H:%M:%S}" if at is not None else "never read"
        output.say(f"{name}: {read}.{f' {problem}' if problem else ''}")


def _show(title: str, columns: tuple[str, ...], rows: Sequence[Any], as_json: bool) -> None:
    if as_json:
        output.show_json([dataclasses.asdict(row) for row in rows])
        return
    output.show_table(
        title, [c.replace("_", " ") for c in columns], [[getattr(r, c) for c in columns] for r in rows]
    )
