"""What the first start asks: where the store lives, how the key is kept, the first login, the demo site."""

from __future__ import annotations

from dsm_desktop.app.application import Application
from dsm_desktop.app.context import FirstRunChoices, FirstRunResult
from dsm_desktop.app.database import split_password, with_password
from dsm_desktop.app.profile import Profile, ProfileConfig, label_of
from dsm_desktop.core.errors import BadInput, DsmError
from dsm_desktop.store.opening import probe
from dsm_desktop.vault.vault import VaultState


class FirstRun:
    """Blocking; raises DsmError. Nothing is written before `create`."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def check_store(self, url: str) -> str:
        """Reach a Postgres address without changing it; "" = this machine, which is always fine."""
        if not url:
            return f"The store will be a file in {self._profile.folder}."
        probe(with_password(self._profile, url))
        return f"{label_of(url)} answers."

    def create(self, choices: FirstRunChoices) -> FirstRunResult:
        """Write the profile, make or open the store, set up the key where it has none, save the first credential set."""
        if self._profile.exists:
            raise BadInput(
                "This profile is set up already; nothing was changed.",
                hint="Use another folder (--profile), or change it in the settings.",
                where=str(self._profile.folder),
            )
        url = split_password(self._profile, choices.store_url) if choices.store_url else ""
        config = ProfileConfig.model_validate(
            {"store_url": url, "key": choices.key, "key_file": str(choices.key_file or "")}
        )
        self._profile.save(config)
        try:
            return self._fill(choices)
        except DsmError:
            self._profile.forget()  # so that the next start asks again
            raise

    def _fill(self, choices: FirstRunChoices) -> FirstRunResult:
        app = Application(self._profile)
        try:
            recovery = ""
            if app.vault.state is VaultState.NOT_SET_UP:
                recovery = app.key.set_up(choices.passphrase)
            else:
                app.key.open_quietly()
            if choices.credential is not None:
                app.commands.save_credential(choices.credential)
        finally:
            app.close()
        return FirstRunResult(recovery_key=recovery, sentence=f"The store is ready: {app.store_label}.")
