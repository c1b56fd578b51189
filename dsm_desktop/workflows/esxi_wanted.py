"""What an update of ESXi is asked to do, and what became of it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from dsm_desktop.workflows.return_host import HowToReturn
from dsm_desktop.workflows.ssh_access import HowToSignIn, SshBefore


class EsxiWanted(BaseModel):
    """What is to be installed and how. `depot` a path on a datastore (/vmfs/volumes/…) or a URL the host reaches; `profile` ""
    = the one an operator would take. With `restart` False the update waits for a restart that somebody else makes
    (`prove_esxi` then proves it)."""

    model_config = ConfigDict(frozen=True)
    depot: str
    sha256: str = ""
    """Of the depot's file where the host must prove that it reads the very one."""
    profile: str = ""
    restart: bool = True
    pass_hardware_warnings: bool = False
    trust_first: bool = True
    exception_user: bool = False
    update_minutes: float = 60
    boot_minutes: float = 90
    look_seconds: float = 10.0
    doubt_seconds: float = 75.0
    """vCenter shows old news for so long after a restart was asked for."""
    ask_hours: float = 12.0

    @property
    def sign_in(self) -> HowToSignIn:
        return HowToSignIn(self.trust_first, self.exception_user, every=min(2.0, self.look_seconds))

    @property
    def back(self) -> HowToReturn:
        return HowToReturn(boot_minutes=self.boot_minutes, every=self.look_seconds, ask_hours=self.ask_hours)


class EsxiUpdated(BaseModel):
    """What became of it. `changed` False: the host has it already. `pending`: done but for the restart. `target` and
    `build_before` for the proof; versions as "8.0.3 build 24674464"."""

    model_config = ConfigDict(frozen=True)
    before: str = ""
    after: str = ""
    profile: str = ""
    target_build: str = ""
    build_before: str = ""
    boot_time: str = ""
    changed: bool = False
    pending: bool = False
    restarted: bool = False
    proven: bool = False
    installed: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    ssh: SshBefore | None = None
    """How SSH was before the restart."""
