"""How this profile opens the site key: keyring, passphrase or key file; one object for window, CLI and runner."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from dsm_desktop.app.context import KeyState, KeyWays
from dsm_desktop.app.profile import Profile, ProfileConfig
from dsm_desktop.commands import vault as commands
from dsm_desktop.core.access import Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.vault import rotation
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.passphrase import PassphraseProvider
from dsm_desktop.vault.recovery import RecoveryProvider
from dsm_desktop.vault.rotation import RotationReport
from dsm_desktop.vault.site_key import KeyKeeper, SiteKeyError
from dsm_desktop.vault.vault import Vault, VaultState

_STATES = {
    VaultState.NOT_SET_UP: KeyState.NOT_SET_UP,
    VaultState.LOCKED: KeyState.LOCKED,
    VaultState.UNLOCKED: KeyState.OPEN,
    VaultState.WRONG_KEY: KeyState.WRONG,
    VaultState.KEY_LOST: KeyState.MISSING,
}


class Keys:
    """The site key of one profile. Blocking and thread-safe (the vault is)."""

    def __init__(self, vault: Vault, profile: Profile, config: ProfileConfig, who: Principal) -> None:
        self._vault = vault
        self._profile = profile
        self._config = config
        self._who = who
        self.problem = ""
        """Why the key could not be opened without a person, in words."""
        self.opened: Callable[[], None] = lambda: None
        """Called after a person opened the key, for whoever works without it until then."""

    def state(self) -> KeyState:
        return _STATES[self._vault.state]

    def open_quietly(self) -> None:
        """Try what needs no person (keyring, key file); what went wrong stays readable in `state`."""
        if self._vault.state is VaultState.NOT_SET_UP:
            return
        try:
            if self._config.key == "keyring":
                self._vault.unlock(self._keyring())
            elif self._config.key == "file":
                self._vault.unlock(KeyFileProvider(self._key_file()))
        except SiteKeyError as error:
            self.problem = str(error)
        else:
            self.problem = ""

    def unlock(self, passphrase: str) -> None:
        """Open with the passphrase. Raises WrongPassphrase."""
        self._vault.unlock(PassphraseProvider(SecretStr(passphrase)))
        self.opened()

    def unlock_with_file(self, file: Path) -> None:
        """Open with a key file and remember where it lies."""
        self._vault.unlock(KeyFileProvider(file))
        self._config = self._config.model_copy(update={"key": "file", "key_file": str(file)})
        self._profile.save(self._config)
        self.opened()

    def recover(self, recovery_key: str) -> None:
        """Open with the printed recovery key and give the key to this profile's own keeper again."""
        self._vault.unlock(RecoveryProvider(SecretStr(recovery_key)))
        if self._config.key != "passphrase":
            commands.add_key_keeper(self._vault, self._who, self.keeper(""))
        self.opened()

    def set_up(self, passphrase: str = "") -> str:
        """Make the store's site key with this profile's keeper; returns the recovery key, shown once, to be printed."""
        return commands.set_up_vault(self._vault, self._who, [self.keeper(passphrase)]).get_secret_value()

    @property
    def kind(self) -> str:
        """How this profile keeps the key: keyring, passphrase or file."""
        return self._config.key

    def ways(self) -> KeyWays:
        """What opens the key, for everybody to see; needs no key."""
        rows = self._vault.generations()
        current = next((row for row in rows if row.state == "current"), None)
        return KeyWays(
            mine=self._config.key,
            slots=current.slots if current is not None else (),
            key_id=current.key_id if current is not None else "",
            retired=sum(row.state == "retired" for row in rows),
            rotating=rotation.under_way(self._vault),
        )

    def new_recovery_key(self) -> str:
        """A new one, shown once; the sheet before opens nothing any more."""
        return commands.print_recovery_key(self._vault, self._who).get_secret_value()

    def change_passphrase(self, passphrase: str) -> None:
        """The same key behind another passphrase. Raises BadInput, VaultLocked."""
        commands.add_key_keeper(self._vault, self._who, PassphraseProvider(SecretStr(passphrase)))

    def begin_rotation(self, passphrase: str = "") -> str:
        """A new site key; returns the new recovery key. `go_on_rotating` seals everything anew."""
        kept = [self.keeper(passphrase)]
        return commands.begin_key_rotation(self._vault, self._who, kept).get_secret_value()

    def go_on_rotating(self, progress: Callable[[int], None]) -> RotationReport:
        """Seal anew what is left; `progress` hears how many were done. May be killed and called again."""
        report = commands.continue_key_rotation(self._vault, self._who, progress=progress)
        # A runner beside the window holds the old key: it starts anew with the new one.
        self.opened()
        return report

    def lock(self) -> None:
        self._vault.lock()

    def keeper(self, passphrase: str) -> KeyKeeper:
        if self._config.key == "keyring":
            return self._keyring()
        if self._config.key == "file":
            return KeyFileProvider(self._key_file())
        if not passphrase:
            raise BadInput("No passphrase was given.", hint="Type one of at least 15 characters.")
        return PassphraseProvider(SecretStr(passphrase))

    def _keyring(self) -> KeyKeeper:
        from dsm_desktop.vault.os_keyring import KeyringProvider  # not needed to show the window

        return KeyringProvider(self._profile.name)

    def _key_file(self) -> Path:
        return Path(self._config.key_file) if self._config.key_file else self._profile.folder / "site.key"
