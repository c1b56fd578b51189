"""`dsm-desktop admin`: make, migrate, back up, restore and check the store; the site key."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import FirstRunChoices
from dsm_desktop.app.database import Address, with_password
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import ProfileConfig
from dsm_desktop.cli import output
from dsm_desktop.cli.session import Session
from dsm_desktop.commands import backup as store_commands
from dsm_desktop.commands import vault as vault_commands
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.store import audit as audit_chain
from dsm_desktop.store.migrate import head
from dsm_desktop.store.retention import size_meter
from dsm_desktop.vault import rotation

KEEPERS = ("keyring", "passphrase", "file")


@click.group()
def admin() -> None:
    """The store and the site key."""


@admin.command()
@click.option("--key", type=click.Choice(KEEPERS), default="keyring", show_default=True)
@click.option(
    "--new-key-file", type=click.Path(path_type=Path), help="Where the key file goes (default: the profile)."
)
@click.pass_obj
def init(session: Session, key: str, new_key_file: Path | None) -> None:
    """Make the profile, the store and the site key. Prints the recovery key once: put it on paper, into a safe."""
    session.principal.require(Permission.ADMIN, "make a profile")
    passphrase = sys.stdin.readline().rstrip("\n") if key == "passphrase" else ""
    choices = FirstRunChoices(
        store_url=session.store_url, key=key, passphrase=passphrase, key_file=new_key_file
    )
    made = FirstRun(session.profile).create(choices)
    output.say(made.sentence)
    if made.recovery_key:
        output.say(f"Recovery key (shown once): {made.recovery_key}")


@admin.command()
@click.pass_obj
def migrate(session: Session) -> None:
    """Bring the store to this program's schema; a copy is made first."""
    session.app()
    output.say(f"The store is at schema {head()}.")


@admin.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def backup(session: Session, file: Path | None) -> None:
    """Copy the store, in use or not, to a file, and check the copy."""
    app = session.app()
    url = with_password(session.profile, app.url)
    made, manifest = store_commands.back_up(app.store, url, app.principal, session.profile.backups, file)
    output.say(f"{made}: {sum(t.rows for t in manifest.tables.values())} rows, checked.")


@admin.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--replace", is_flag=True, help="Replace what is in the store; it is kept beside the file.")
@click.option(
    "--key", type=click.Choice(KEEPERS), default="keyring", show_default=True, help="For a new profile."
)
@click.pass_obj
def restore(session: Session, file: Path, replace: bool, key: str) -> None:
    """Fill the store from a backup, all or nothing. On a new machine `admin key recover` then opens its secrets."""
    url, who = _closed_store(session)
    if replace:
        output.say(f"Restored; what was there before is kept as {store_commands.go_back(url, who, file)}.")
        return
    manifest = store_commands.restore(url, who, file)
    if not session.profile.exists:
        session.profile.save(ProfileConfig.model_validate({"store_url": session.store_url, "key": key}))
    output.say(f"Restored {sum(t.rows for t in manifest.tables.values())} rows.")


@admin.command("go-back")
@click.confirmation_option(
    prompt="Put the store back to before its last migration? Later changes are kept in a copy only."
)
@click.pass_obj
def go_back(session: Session) -> None:
    """Undo the last migration: the copy it made becomes the store again, for the program version of before."""
    url, who = _closed_store(session)
    file = store_commands.newest_before_migration(session.profile.backups)
    kept = store_commands.go_back(url, who, file)
    output.say(f"The store is {file.name} again; what was there before is kept as {kept}.")


def _closed_store(session: Session) -> tuple[Address, Principal]:
    """The store's address without opening it: a restore must work where opening fails."""
    session.profile.prepare()
    url = session.store_url or session.profile.store_url(session.profile.load())
    return with_password(session.profile, url), session.principal


@admin.command("verify-audit")
@click.pass_obj
def verify_audit(session: Session) -> int:
    """Check the audit log's chain; names the first entry that does not fit."""
    report = audit_chain.verify(session.app().store)
    if report.whole:
        output.say(f"The audit chain is whole: {report.entries} entries.")
        return output.EXIT_OK
    output.say(f"The audit chain is broken at entry {report.broken}: {report.why}")
    return output.EXIT_FAILED


@admin.command()
@click.pass_obj
def size(session: Session) -> None:
    """How large the store is, by kind of record."""
    meter = size_meter(session.app().store)
    output.show_table("Store", ("kind", "rows", "bytes"), [(s.kind, s.rows, s.bytes) for s in meter])


@admin.group()
def key() -> None:
    """The site key that seals every secret."""


@key.command()
@click.pass_obj
def status(session: Session) -> None:
    """Whether the key can be opened, and by what."""
    app = session.unlocked()
    ways = sorted({slot for g in app.vault.generations() for slot in g.slots})
    output.say(f"Site key: {app.key.state().value}; can be opened by: {', '.join(ways) or 'nothing yet'}.")


@key.command()
@click.pass_obj
def recovery(session: Session) -> None:
    """Print a new recovery key; the sheet before opens nothing any more."""
    app = session.unlocked()
    output.say(vault_commands.print_recovery_key(app.vault, app.principal).get_secret_value())


@key.command()
@click.pass_obj
def recover(session: Session) -> None:
    """Open with the printed recovery key (next line of standard input) and keep the key on this machine again."""
    app = session.app()
    app.key.recover(sys.stdin.readline().strip())
    output.say(f"Site key: {app.key.state().value}.")


@key.command()
@click.option(
    "--passphrase", is_flag=True, help="The key is held by a passphrase (first line of standard input)."
)
@click.pass_obj
def rotate(session: Session, passphrase: bool) -> int:
    """Make a new site key and seal every secret with it; can be stopped and continued."""
    app: Application = session.unlocked()
    typed = sys.stdin.readline().rstrip("\n") if passphrase else ""
    if not rotation.under_way(app.vault):
        code = vault_commands.begin_key_rotation(app.vault, app.principal, [app.key.keeper(typed)])
        output.say(f"New recovery key (shown once): {code.get_secret_value()}")
    done = vault_commands.continue_key_rotation(app.vault, app.principal)
    output.say(f"{done.resealed} secrets sealed with the new key, {done.verified} verified.")
    for place in done.broken:
        output.say(f"No key opens {place}: enter it again, then go on.")
    return output.EXIT_OK if done.finished else output.EXIT_FAILED
