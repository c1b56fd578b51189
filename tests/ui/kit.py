"""The program's own assembly on a profile of its own: real store, feed, vault, commands; no runner unless a test starts one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import CredentialDraft, FirstRunChoices
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import Profile
from dsm_desktop.core.access import Role
from dsm_desktop.store.unit_of_work import Store

WAIT = 120_000
"""Milliseconds until a test gives up: far beyond what the busiest machine needs, so that only what never comes fails."""

LOGINS = (
    CredentialDraft(None, "Site iDRAC", "idrac", "svc-dsm", "s3cret-of-the-site", ("10.20.0.0/16",), 10),
    CredentialDraft(
        None, "Cologne iDRAC", "idrac", "root", "s3cret-of-cologne", ("10.20.0.21-10.20.0.44",), 20
    ),
    CredentialDraft(None, "Factory default", "idrac", "root", "s3cret-of-old", (), 900, True),
)


def make_app(
    folder: Path,
    *,
    fill: Callable[[Store], None] | None = None,
    role: Role = Role.ADMIN,
    logins: bool = False,
    unlock: bool = True,
    passphrase: str = "",
) -> Application:
    """An opened profile in `folder` with the site key in a file, or behind a passphrase; listening to its store."""
    profile = Profile(folder / "profile")
    choices = FirstRunChoices(key="file", key_file=folder / "site.key")
    FirstRun(profile).create(
        FirstRunChoices(key="passphrase", passphrase=passphrase) if passphrase else choices
    )
    app = Application(profile, role=role)
    if unlock:
        app.key.unlock(passphrase) if passphrase else app.key.open_quietly()
    if fill is not None:
        fill(app.store)
    if logins:
        for draft in LOGINS:
            app.commands.save_credential(draft)
    app.listen()
    return app
