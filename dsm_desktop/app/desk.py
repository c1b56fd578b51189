"""The commands and reads a face uses, each in a transaction of its own under the session's principal."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from pydantic import BaseModel, SecretStr

from dsm_desktop.app.context import CredentialChoice, CredentialDraft, CredentialView
from dsm_desktop.app.recovery_desk import RecoveryDesk
from dsm_desktop.commands import consoles, credentials, decisions, jobs, library, racks, restore_list, servers
from dsm_desktop.core.access import Permission, Principal
from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.settings import SECTIONS, Section
from dsm_desktop.core.states import CancelGrade
from dsm_desktop.jobs.declaration import Catalogue
from dsm_desktop.queries.credentials import credential_rows
from dsm_desktop.store import settings
from dsm_desktop.store.unit_of_work import Store, UnitOfWork
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault

if TYPE_CHECKING:
    from dsm_desktop.app.profile_desk import ProfileDesk

P = ParamSpec("P")
T = TypeVar("T")


class Desk:
    """Every change a person can make. Blocking, thread-safe; raises DsmError."""

    def __init__(
        self, store: Store, vault: Vault, catalogue: Callable[[], Catalogue], principal: Principal
    ) -> None:
        self._store = store
        self._vault = vault
        self._job_types = catalogue
        self._who = principal
        self.recovery_keys = RecoveryDesk(store, vault, principal)

    @cached_property
    def profiles(self) -> ProfileDesk:
        """Configuration profiles; their room is loaded when it is first asked for, not before the window stands."""
        from dsm_desktop.app.profile_desk import ProfileDesk

        return ProfileDesk(self._store, self._vault, self._who)

    def do(
        self,
        command: Callable[Concatenate[UnitOfWork, Principal, P], T],
        /,
        *args: P.args,
        **values: P.kwargs,
    ) -> T:
        """Any command of `commands/` that has no line of its own here."""
        with self._store.write() as uow:
            return command(uow, self._who, *args, **values)

    def submit(
        self,
        kind: str,
        server_ids: Sequence[int],
        params: Mapping[str, Any],
        *,
        dry_run: bool = False,
        schedule_at: datetime | None = None,
    ) -> int:
        """A new job; its pace comes from the parameters where the job type has one. Returns its id."""
        with self._store.write() as uow:
            return jobs.submit(
                uow,
                self._who,
                self._job_types(),
                kind,
                server_ids,
                params,
                dry_run=dry_run,
                schedule_at=schedule_at,
            )

    def cancel(self, job_id: int, grade: CancelGrade) -> None:
        with self._store.write() as uow:
            jobs.cancel(uow, self._who, job_id, grade)

    def retry_failed(self, job_id: int) -> int:
        with self._store.write() as uow:
            return jobs.retry_failed(uow, self._who, self._job_types(), job_id)

    def answer(self, decision_id: int, option: str) -> None:
        with self._store.write() as uow:
            decisions.answer(uow, self._who, decision_id, option)

    def abandon_restore(self, item_id: int, reason: str) -> None:
        with self._store.write() as uow:
            restore_list.abandon(uow, self._who, item_id, reason)

    def put_back(self, task_id: int) -> None:
        with self._store.write() as uow:
            jobs.put_back(uow, self._who, task_id)

    def emergency_stop(self, reason: str) -> None:
        with self._store.write() as uow:
            jobs.emergency_stop(uow, self._who, True, reason)

    def resume_after_stop(self) -> None:
        with self._store.write() as uow:
            jobs.emergency_stop(uow, self._who, False)

    def add_server(self, address: str, port: int = 443, *, name: str = "", notes: str = "") -> int:
        with self._store.write() as uow:
            return servers.add_server(uow, self._who, address, port, name=name, notes=notes)

    def edit_servers(self, ids: Sequence[int], values: Mapping[str, Any]) -> int:
        """The credential set goes its own way: assigning one is audited as such."""
        changed = 0
        plain = {k: v for k, v in values.items() if k != "assigned_credential_id"}
        with self._store.write() as uow:
            if plain:
                changed = servers.edit_servers(uow, self._who, ids, **plain)
            if "assigned_credential_id" in values:
                chosen = values["assigned_credential_id"]
                changed = credentials.assign_credential(uow, self._who, ids, chosen)
        return changed

    def remove_servers(self, ids: Sequence[int]) -> int:
        with self._store.write() as uow:
            return servers.remove_servers(uow, self._who, ids)

    def save_rack(self, rack_id: int | None, name: str, room: str, units: int) -> int:
        with self._store.write() as uow:
            if rack_id is None:
                return racks.add_rack(uow, self._who, name, room=room, units=units)
            notes = racks.rack_by_id(uow, rack_id).notes
            racks.edit_rack(uow, self._who, rack_id, name, room=room, units=units, notes=notes)
            return rack_id

    def remove_rack(self, rack_id: int) -> None:
        with self._store.write() as uow:
            racks.remove_rack(uow, self._who, rack_id)

    def place_server(self, server_id: int, rack_id: int, unit: int) -> None:
        with self._store.write() as uow:
            racks.place(uow, self._who, server_id, rack_id, unit)

    def unplace_server(self, server_id: int) -> None:
        with self._store.write() as uow:
            racks.unplace(uow, self._who, server_id)

    def take_consoles(self, job_id: int) -> list[str]:
        """Open and remove what a console job left; they hold one-time sign-ins, so they are not kept."""
        with self._store.write() as uow:
            return [t.url.get_secret_value() for t in consoles.take_tickets(uow, self._vault, job_id)]

    def trust_certificate(self, server_id: int, fingerprint: str) -> None:
        with self._store.write() as uow:
            servers.trust_certificate(uow, self._who, server_id, fingerprint)

    def add_library_folder(self, path: str) -> int:
        with self._store.write() as uow:
            return library.add_folder(uow, self._who, socket.gethostname(), path)

    def remove_library_folder(self, folder_id: int) -> None:
        with self._store.write() as uow:
            library.remove_folder(uow, self._who, folder_id)

    def save_credential(self, draft: CredentialDraft) -> int:
        values = credentials.CredentialValues(
            name=draft.name,
            username=draft.username,
            secret=SecretStr(draft.password) if draft.password is not None else None,
            kind=draft.kind,
            ranges=draft.ranges,
            priority=draft.priority,
            is_default=draft.is_default,
            notes=draft.notes,
        )
        with self._store.write() as uow:
            if draft.id is None:
                return credentials.add_credential(uow, self._who, self._vault, values)
            credentials.edit_credential(uow, self._who, self._vault, draft.id, values)
            return draft.id

    def remove_credential(self, credential_id: int) -> None:
        with self._store.write() as uow:
            credentials.remove_credential(uow, self._who, credential_id)

    def save_settings(self, section: str, values: Mapping[str, Any]) -> None:
        self._who.require(Permission.ADMIN, "change settings")
        changed = settings.edited(settings.load(self._store, section_named(section)), dict(values))
        with self._store.write() as uow:
            settings.save(uow, changed, self._who.name)


class ReadDesk:
    """Answers that need more than the database."""

    def __init__(self, store: Store, resolver: CredentialResolver) -> None:
        self._store = store
        self._resolver = resolver

    def credentials(self) -> list[CredentialView]:
        with self._store.read() as connection:
            rows = credential_rows(connection)
        return [
            CredentialView(
                id=r.id,
                name=r.name,
                kind=r.kind,
                username=r.username,
                ranges=r.ranges,
                priority=r.priority,
                is_default=r.is_default,
                has_secret=r.has_secret,
                notes=r.notes,
            )
            for r in rows
        ]

    def credential_choice(self, server_id: int) -> CredentialChoice:
        """Which login is used for a server and why; the losers after it."""
        choices = self._resolver.explain(server_id)
        if not choices:
            return CredentialChoice(name="", username="", why="no credential set fits")
        first = choices[0]
        tried = tuple(f"{c.rule.value}: {c.name or 'environment'} ({c.why})" for c in choices)
        return CredentialChoice(
            name=first.name or "environment", username=first.username, why=first.why, tried=tried
        )

    def settings(self, section: str) -> BaseModel:
        return settings.load(self._store, section_named(section))

    def stopped(self) -> str:
        """Why the emergency stop stands; "" = it does not."""
        return self._store.fetch(jobs.stop_reason) or ""


def section_named(name: str) -> type[Section]:
    """A section of the settings by its name. Raises BadInput."""
    for section in SECTIONS:
        if section.name == name:
            return section
    raise BadInput(f"There are no settings '{name}'.", hint=f"Known: {', '.join(s.name for s in SECTIONS)}.")
