"""The folder of one operator's profile, and what it says: where the store lives and how the site key is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlalchemy import make_url

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.folders import default_folder as default_folder
from dsm_desktop.store.engine import sqlite_url

FILE = "profile.json"


class ProfileBroken(DsmError):
    """profile.json cannot be read."""


class ProfileConfig(BaseModel):
    """profile.json. Holds no secret: a database password lives in the OS keyring, a certificate or libpq's own files.

    `store_url` "" = the SQLite file of this profile; `key` says how the site key is opened.
    """

    model_config = ConfigDict(extra="ignore")

    store_url: str = ""
    key: Literal["keyring", "passphrase", "file"] = "keyring"
    key_file: str = ""


class Profile:
    """Paths of a profile. Nothing is made until `prepare`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """Names the keyring entry; two profiles never share a key."""
        return str(self.folder.resolve())

    @property
    def exists(self) -> bool:
        return (self.folder / FILE).is_file()

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def reports(self) -> Path:
        """Crash reports and logs, masked."""
        return self.folder / "reports"

    def prepare(self) -> None:
        """Make the folder, readable by its owner alone."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.backups, self.archive, self.reports):
            folder.mkdir(exist_ok=True, mode=0o700)

    def load(self) -> ProfileConfig:
        """What profile.json says; defaults when there is none. Raises ProfileBroken."""
        path = self.folder / FILE
        if not path.is_file():
            return ProfileConfig()
        try:
            return ProfileConfig.model_validate_json(path.read_bytes())
        except (ValidationError, ValueError) as error:
            raise ProfileBroken(
                "The profile's settings file cannot be read.",
                hint="Mend it or move it away; the store itself is not touched.",
                where=str(path),
                detail=str(error),
            ) from error

    def save(self, config: ProfileConfig) -> None:
        """Write profile.json whole or not at all."""
        self.prepare()
        path = self.folder / FILE
        fresh = path.with_suffix(".new")
        fresh.write_text(config.model_dump_json(indent=2), encoding="utf-8")
        fresh.replace(path)

    def forget(self) -> None:
        """Take profile.json away again: setting up failed, and can be tried anew. A store that was made stays."""
        (self.folder / FILE).unlink(missing_ok=True)

    def store_url(self, config: ProfileConfig) -> str:
        """The store's address; the profile's own SQLite file unless another is named."""
        return config.store_url or sqlite_url(self.folder / "store.db")


def label_of(url: str) -> str:
    """How a store address is shown: "This machine" or "Postgres db.example/dsm"; never a password."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite":
        return "This machine"
    return f"Postgres {target.host or 'local socket'}/{target.database}"
