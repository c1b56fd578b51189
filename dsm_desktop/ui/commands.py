"""The window's commands and questions on the store of its context: each one transaction, one function of `commands/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from dsm_desktop.commands import credentials as credential_commands
from dsm_desktop.commands import decisions as decision_commands
from dsm_desktop.commands import jobs as job_commands
from dsm_desktop.commands import servers as server_commands
from dsm_desktop.commands.credentials import CredentialValues
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.settings import SECTIONS, Section
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs.declaration import Catalogue, Paced
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.store import settings as stored_settings
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.context import CredentialChoice, CredentialDraft, CredentialView, KeyState
from dsm_desktop.vault.key_file import KeyFileProvider
from dsm_desktop.vault.passphrase import PassphraseProvider
from dsm_desktop.vault.recovery import RecoveryProvider
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault, VaultState

SECTION_MODELS: Mapping[str, type[Section]] = {section.name: section for section in SECTIONS}


class StoreCommands:
    """`ui.context.Commands` on a store. Blocking and thread-safe."""

    def __init__(self, store: Store, principal: Principal, catalogue: Catalogue, vault: Vault) -> None:
        self._store = store
        self._who = principal
        self._catalogue = catalogue
        self._vault = vault

    def submit(
        self,
        kind: str,
        server_ids: Sequence[int],
        params: Mapping[str, Any],
        *,
        dry_run: bool = False,
        schedule_at: datetime | None = None,
    ) -> int:
        checked = self._catalogue[kind].validate(params)
        pace: dict[str, Any] = {}
        if isinstance(checked, Paced):
            pace = {name: getattr(checked, name) for name in Paced.model_fields}
        with self._store.write() as uow:
            return job_commands.submit(
                uow,
                self._who,
                self._catalogue,
                kind,
                server_ids,
                params,
                dry_run=dry_run,
                schedule_at=schedule_at,
                **pace,
            )

    def cancel(self, job_id: int, grade: CancelGrade) -> None:
        with self._store.write() as uow:
            job_commands.cancel(uow, self._who, job_id, grade)

    def retry_failed(self, job_id: int) -> int:
        with self._store.write() as uow:
            return job_commands.retry_failed(uow, self._who, self._catalogue, job_id)

    def answer(self, decision_id: int, option: str) -> None:
        with self._store.write() as uow:
            decision_commands.answer(uow, self._who, decision_id, option)

    def put_back(self, task_id: int) -> None:
        with self._store.write() as uow:
            job_commands.put_back(uow, self._who, task_id)

    def emergency_stop(self, reason: str) -> list[str]:
        with self._store.write() as uow:
            running = job_commands.emergency_stop(uow, self._who, True, reason)
        return [f"{step.target or step.title}: {step.step}" for step in running]

    def resume_after_stop(self) -> None:
        with self._store.write() as uow:
            job_commands.emergency_stop(uow, self._who, False)

    def add_server(self, address: str, port: int = 443, *, name: str = "", notes: str = "") -> int:
        with self._store.write() as uow:
            return server_commands.add_server(uow, self._who, address, port, name=name, notes=notes)

    def edit_servers(self, ids: Sequence[int], values: Mapping[str, Any]) -> None:
        with self._store.write() as uow:
            server_commands.edit_servers(uow, self._who, ids, **values)

    def remove_servers(self, ids: Sequence[int]) -> None:
        with self._store.write() as uow:
            server_commands.remove_servers(uow, self._who, ids)

    def trust_certificate(self, server_id: int, fingerprint: str) -> None:
        with self._store.write() as uow:
            server_commands.trust_certificate(uow, self._who, server_id, fingerprint)

    def save_credential(self, draft: CredentialDraft) -> int:
        values = CredentialValues(
            name=draft.name,
            username=draft.username,
            secret=None if draft.password is None else SecretStr(draft.password),
            kind=draft.kind,
            ranges=draft.ranges,
            priority=draft.priority,
            is_default=draft.is_default,
            notes=draft.notes,
        )
        with self._store.write() as uow:
            if draft.id is None:
                return credential_commands.add_credential(uow, self._who, self._vault, values)
            credential_commands.edit_credential(uow, self._who, self._vault, draft.id, values)
            return draft.id

    def remove_credential(self, credential_id: int) -> None:
        with self._store.write() as uow:
            credential_commands.remove_credential(uow, self._who, credential_id)

    def save_settings(self, section: str, values: Mapping[str, Any]) -> None:
        self._who.require(Permission.CONFIGURE, "change settings")
        current = stored_settings.load(self._store, SECTION_MODELS[section])
        with self._store.write() as uow:
            stored_settings.save(uow, stored_settings.edited(current, dict(values)), self._who.name)


class StoreReads:
    """`ui.context.Reads` on a store and the vault's rules. Blocking and thread-safe."""

    def __init__(self, store: Store, resolver: CredentialResolver) -> None:
        self._store = store
        self._resolver = resolver

    def credentials(self) -> list[CredentialView]:
        rows = self._store.fetch(credential_rows)
        return [
            CredentialView(
                r.id, r.name, r.kind, r.username, r.ranges, r.priority, r.is_default, r.has_secret, r.notes
            )
            for r in rows
        ]

    def credential_choice(self, server_id: int) -> CredentialChoice:
        choices = self._resolver.explain(server_id)
        if not choices:
            return CredentialChoice("", "", "Assign one, give one an IP range, or mark one as default.")
        first = choices[0]
        tried = tuple(f"{c.rule.value}: {c.name or 'environment'}, {c.why}" for c in choices)
        return CredentialChoice(first.name or "environment", first.username, first.why, tried)

    def settings(self, section: str) -> BaseModel:
        return stored_settings.load(self._store, SECTION_MODELS[section])

    def stopped(self) -> str:
        return self._store.fetch(job_commands.stop_reason) or ""


_KEY_STATES = {
    VaultState.UNLOCKED: KeyState.OPEN,
    VaultState.LOCKED: KeyState.LOCKED,
    VaultState.NOT_SET_UP: KeyState.MISSING,
    VaultState.WRONG_KEY: KeyState.WRONG,
    VaultState.KEY_LOST: KeyState.MISSING,
}


class VaultControl:
    """`ui.context.KeyControl` on a vault. Blocking and thread-safe, `state` answers at once."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def state(self) -> KeyState:
        return _KEY_STATES[self._vault.state]

    def unlock(self, passphrase: str) -> None:
        self._vault.unlock(PassphraseProvider(SecretStr(passphrase)))

    def unlock_with_file(self, file: Path) -> None:
        self._vault.unlock(KeyFileProvider(file))

    def recover(self, recovery_key: str) -> None:
        self._vault.unlock(RecoveryProvider(SecretStr(recovery_key)))
