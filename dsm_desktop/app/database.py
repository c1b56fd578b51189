"""The store's address without its password: that lies in the OS keyring, or with libpq (PGPASSFILE, certificates, GSSAPI)."""

from __future__ import annotations

import contextlib

from sqlalchemy import URL

from dsm_desktop.app.profile import Profile
from dsm_desktop.core.errors import BadInput
from dsm_desktop.store.engine import address_of

Address = URL
"""A store's address; shown, it hides a password."""


def split_password(profile: Profile, url: str) -> str:
    """The address to be written down: a password in it goes to the keyring. BadInput where there is no keyring."""
    target = address_of(url)
    if target.password is None:
        return url
    from keyring.errors import KeyringError  # a store of this machine alone is opened without

    from dsm_desktop.vault.os_keyring import SERVICE, KeyringUnavailable, trusted_backend

    try:
        trusted_backend().set_password(SERVICE, _entry(profile), str(target.password))
    except (KeyringUnavailable, KeyringError) as error:
        raise BadInput(
            "This machine has no keyring to keep the database's password in.",
            hint="Leave the password out and use libpq's password file (PGPASSFILE) or a client certificate.",
        ) from error
    return target._replace(password=None).render_as_string(hide_password=False)


def with_password(profile: Profile, url: str) -> URL:
    """The address to connect with: the keyring's password where the address names a user and none is given."""
    target = address_of(url)
    if target.get_backend_name() == "sqlite" or target.password is not None or not target.username:
        return target
    from keyring.errors import KeyringError

    from dsm_desktop.vault.os_keyring import SERVICE, KeyringUnavailable, trusted_backend

    # Without a keyring libpq's own ways remain.
    with contextlib.suppress(KeyringUnavailable, KeyringError):
        if kept := trusted_backend().get_password(SERVICE, _entry(profile)):
            return target._replace(password=kept)
    return target


def _entry(profile: Profile) -> str:
    return f"{profile.name}/database"
