"""A real context for the window: real store, commands, rules of the vault and catalogue; no runner of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, SecretStr

import dsm_desktop.operations
from dsm_desktop.core.access import Principal, Role
from dsm_desktop.core.events import EventBus
from dsm_desktop.jobs.declaration import Catalogue
from dsm_desktop.store.opening import open_store
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.ui.commands import SECTION_MODELS, StoreCommands, StoreReads, VaultControl
from dsm_desktop.ui.context import CredentialDraft, RunnerState
from dsm_desktop.vault.passphrase import Argon2Cost, PassphraseProvider
from dsm_desktop.vault.resolve import CredentialResolver
from dsm_desktop.vault.vault import Vault


class NoRunner:
    """This desktop runs nothing itself (a viewer's window on a shared store)."""

    def __init__(self) -> None:
        self.now = RunnerState.STOPPED

    def state(self) -> RunnerState:
        return self.now

    def detail(self) -> str:
        return "No runner was started."

    def start(self) -> None:
        self.now = RunnerState.RUNNING

    def stop_after_step(self) -> None:
        self.now = RunnerState.STOPPED

    def agent_available(self) -> bool:
        return False


@dataclass
class Context:
    """ui.context.AppContext."""

    profile: Path
    store: Store
    bus: EventBus
    principal: Principal
    catalogue: Catalogue
    commands: StoreCommands
    reads: StoreReads
    key: VaultControl
    runner: NoRunner = field(default_factory=NoRunner)
    store_label: str = "This machine"
    settings_sections: Mapping[str, type[BaseModel]] = field(default_factory=lambda: SECTION_MODELS)
    read_only: bool = False


PASSPHRASE = "correct horse battery"


LOGINS = (
    CredentialDraft(None, "Site iDRAC", "idrac", "svc-dsm", "s3cret-of-the-site", ("10.20.0.0/16",), 10),
    CredentialDraft(
        None, "Cologne iDRAC", "idrac", "root", "s3cret-of-cologne", ("10.20.0.21-10.20.0.44",), 20
    ),
    CredentialDraft(None, "Factory default", "idrac", "root", "s3cret-of-old", (), 900, True),
)


def add_logins(context: Context) -> None:
    """Three credential sets, by the command itself."""
    for draft in LOGINS:
        context.commands.save_credential(draft)


def make_context(
    folder: Path,
    *,
    fill: Callable[[Store], None] | None = None,
    role: Role = Role.ADMIN,
    open_vault: bool = True,
) -> Context:
    """A context on a new SQLite store in `folder`; commits are told to the bus as the feed would."""
    bus = EventBus()

    def tell(events: list[object]) -> None:
        for event in events:
            bus.publish(event)  # type: ignore[arg-type]

    store = open_store(f"sqlite:///{(folder / 'store.db').as_posix()}", on_commit=tell)  # type: ignore[arg-type]
    vault = Vault(store)
    if open_vault:
        vault.create([PassphraseProvider(SecretStr(PASSPHRASE), cost=Argon2Cost())])
    if fill is not None:
        fill(store)
    principal = Principal("anna@desk-07", role)
    catalogue = Catalogue.of(dsm_desktop.operations)
    commands = StoreCommands(store, principal, catalogue, vault)
    reads = StoreReads(store, CredentialResolver(store, vault, {}))
    return Context(folder, store, bus, principal, catalogue, commands, reads, VaultControl(vault))
