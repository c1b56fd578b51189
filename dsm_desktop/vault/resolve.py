"""Which login is for which server, and why.

Order: assigned to the server, the one discovery found, by IP range (priority, then the narrower range), the default of its
kind, the environment (IDRAC_USER and IDRAC_PASSWORD). The first that applies is used; a refused login never moves on to
the next by itself, because every wrong one counts towards the device's lock-out.
"""

from __future__ import annotations

import enum
import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr
from sqlalchemy import ColumnElement, func, select

from dsm_desktop.core.errors import Blame, DsmError, NotFound
from dsm_desktop.core.redact import Secrets
from dsm_desktop.store.models import CredentialIpRange, CredentialSet, EsxiHost, Server, Vcenter
from dsm_desktop.store.unit_of_work import Store
from dsm_desktop.vault.columns import CREDENTIAL_SECRET
from dsm_desktop.vault.seal import SealBroken
from dsm_desktop.vault.vault import Vault

_log = logging.getLogger(__name__)
ENVIRONMENT = {"idrac": ("IDRAC_USER", "IDRAC_PASSWORD")}


class NoCredential(DsmError):
    """No credential set applies to the server and the environment holds none."""

    blame = Blame.USER


class Rule(enum.StrEnum):
    """The rules in the order they are asked."""

    ASSIGNED = "assigned"
    DISCOVERED = "discovered"
    RANGE = "range"
    DEFAULT = "default"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Choice:
    """A login that applies, without its secret. `credential_id` None = the environment; `name` "" there.

    `why` is a sentence for the window: "10.1.0.0/16 holds 10.1.2.3 (priority 10)".
    """

    rule: Rule
    why: str
    username: str
    credential_id: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A login to be used now. `password` hides itself when printed; `.get_secret_value()` gives it."""

    username: str
    password: SecretStr
    rule: Rule
    why: str
    credential_id: int | None


def address_key(address: str) -> str:
    """An IP address as 32 hex digits (IPv4 mapped into IPv6), the form ranges are stored in; "" for a host name."""
    try:
        ip = ipaddress.ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return ""
    number = int(ip) if ip.version == 6 else int(ip) | 0xFFFF << 32
    return f"{number:032x}"


@dataclass(frozen=True, slots=True)
class _Set:
    id: int
    name: str
    kind: str
    username: str
    secret: bytes | None = field(repr=False)
    version: int
    priority: int
    is_default: bool


@dataclass(frozen=True, slots=True)
class _Range:
    credential_id: int
    expression: str
    first: str
    last: str

    @property
    def size(self) -> int:
        return int(self.last, 16) - int(self.first, 16)


_State = tuple[Any, ...]
_STATE = (  # an edit of a set's ranges is one of the set
    select(func.count(CredentialSet.id)).scalar_subquery(),
    select(func.max(CredentialSet.changed_at)).scalar_subquery(),
    select(func.sum(CredentialSet.secret_version)).scalar_subquery(),
)


@dataclass(frozen=True, slots=True)
class _Known:
    """All sets and ranges, read at one moment (`at`, monotonic seconds); `state` changes with every edit of a set."""

    at: float
    state: _State
    sets: Mapping[int, _Set]
    ranges: tuple[_Range, ...]


class CredentialResolver:
    """Finds the login for a server or address. Thread-safe.

    Sets and ranges are kept for `fresh_for` seconds (they are asked for with every connection), but no longer than until a set
    is edited, in whatever process: a job submitted right after an edit must not go with the login from before, and a wrong one
    counts towards a lock-out. `invalidate` drops them at once. Opened passwords are told to `secrets` so that they are masked.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        environ: Mapping[str, str],
        *,
        secrets: Secrets | None = None,
        fresh_for: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._vault = vault
        self._environ = environ
        self._secrets = secrets or Secrets()
        self._fresh_for = fresh_for
        self._clock = clock
        self._lock = threading.Lock()
        self._cached: _Known | None = None

    def for_server(self, server_id: int, kind: str = "idrac") -> Resolved:
        """The login of a server. Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        choices = self.explain(server_id, kind)
        if not choices:
            raise NoCredential(
                "No login applies to this server.",
                hint="Assign a credential set, give one an IP range, or mark one as default.",
                where=self._server(server_id)[0],
            )
        return self._opened(choices[0])

    def for_vcenter(self, vcenter_id: int) -> Resolved:
        """The login of a vCenter. Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        return self._for_vsphere(Vcenter, vcenter_id, "vcenter")

    def for_esxi(self, host_id: int) -> Resolved:
        """The login of an ESXi host itself (stand-alone, or by SSH). Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        return self._for_vsphere(EsxiHost, host_id, "esxi")

    def _for_vsphere(self, table: type[Vcenter] | type[EsxiHost], row_id: int, kind: str) -> Resolved:
        columns = (table.name, table.address, table.assigned_credential_id)
        found = self._row(columns, table.id == row_id)
        if found is None:
            raise NotFound("It is not in the list any more.", where=f"{kind} {row_id}")
        name, address, assigned = found
        choice = next(self._choices(address or name, kind, assigned, None), None)
        if choice is None:
            raise NoCredential(
                f"No login of the kind '{kind}' applies to it.",
                hint="Assign a credential set, give one an IP range, or mark one as default.",
                where=name or address,
            )
        return self._opened(choice)

    def for_address(self, address: str, kind: str = "idrac") -> list[Resolved]:
        """Logins for an address that is no server yet, best first. Discovery tries *one* (the first): a second wrong one
        may lock the console out. Empty where none applies. Raises VaultLocked, SealBroken for the first; a later one that
        does not open is left out with a warning in the log."""
        found: list[Resolved] = []
        for choice in self.explain_address(address, kind):
            try:
                found.append(self._opened(choice))
            except SealBroken as error:
                if not found:
                    raise
                _log.warning("left out: %s", error)
        return found

    def with_credential(self, credential_id: int) -> Resolved:
        """One named set (test_credentials). Raises NotFound, NoCredential where it has no password, VaultLocked, SealBroken."""
        self._look()
        found = self._known().sets.get(credential_id)
        if found is None:
            raise NotFound(
                "The credential set is not there any more.", where=f"credential set {credential_id}"
            )
        if found.secret is None:
            raise NoCredential(f"'{found.name}' has no password.", hint="Enter one.")
        return self._opened(_chosen(Rule.ASSIGNED, "chosen for this job", found))

    def with_name(self, name: str, kind: str) -> Resolved:
        """The set of that name and kind. Raises NotFound, NoCredential, VaultLocked, SealBroken."""
        self._look()
        for found in self._known().sets.values():
            if (found.name, found.kind) == (name, kind):
                return self.with_credential(found.id)
        raise NotFound(
            f"There is no credential set '{name}' of the kind '{kind}'.",
            hint="Add it under Credentials.",
            where=name,
        )

    def explain(self, server_id: int, kind: str = "idrac") -> list[Choice]:
        """Every login that applies to a server, winner first; opens no secret and works while locked. Raises NotFound."""
        address, assigned, discovered = self._server(server_id)
        return self._distinct(self._choices(address, kind, assigned, discovered))

    def explain_address(self, address: str, kind: str = "idrac") -> list[Choice]:
        """The same for a bare address."""
        self._look()
        return self._distinct(self._choices(address, kind, None, None))

    def users_of(self, credential_id: int, kind: str = "idrac") -> list[int]:
        """Ids of all servers whose login the rules lead to this set."""
        self.invalidate()
        columns = (Server.id, Server.address, Server.assigned_credential_id, Server.discovered_credential_id)
        with self._store.read() as connection:
            servers = connection.execute(select(*columns).order_by(Server.id)).all()
        found = []
        for server_id, address, assigned, discovered in servers:
            first = next(self._choices(address, kind, assigned, discovered), None)
            if first is not None and first.credential_id == credential_id:
                found.append(server_id)
        return found

    def invalidate(self) -> None:
        """Read sets and ranges anew at the next question."""
        with self._lock:
            self._cached = None

    def _choices(
        self, address: str, kind: str, assigned: int | None, discovered: int | None
    ) -> Iterator[Choice]:
        known = self._known()
        usable = {row.id: row for row in known.sets.values() if row.secret is not None and row.kind == kind}
        for rule, wanted, why in (
            (Rule.ASSIGNED, assigned, "assigned to this server" if kind == "idrac" else "assigned to it"),
            (Rule.DISCOVERED, discovered, "worked when this server was discovered"),
        ):
            if wanted in usable:
                yield _chosen(rule, why, usable[wanted])
        yield from self._by_range(known, usable, address)
        for row in sorted(usable.values(), key=lambda row: (row.priority, row.id)):
            if row.is_default:
                yield _chosen(Rule.DEFAULT, "the default", row)
        names = ENVIRONMENT.get(kind)
        if names and self._environ.get(names[0]) and self._environ.get(names[1]):
            yield Choice(Rule.ENVIRONMENT, f"{names[0]} and {names[1]} are set", self._environ[names[0]])

    @staticmethod
    def _by_range(known: _Known, usable: Mapping[int, _Set], address: str) -> Iterator[Choice]:
        key = address_key(address)
        if not key:
            return
        holding = [
            (usable[item.credential_id].priority, item.size, item.credential_id, item)
            for item in known.ranges
            if item.first <= key <= item.last and item.credential_id in usable
        ]
        for priority, _, credential_id, item in sorted(holding, key=lambda entry: entry[:3]):
            why = f"{item.expression} holds {address} (priority {priority})"
            yield _chosen(Rule.RANGE, why, usable[credential_id])

    @staticmethod
    def _distinct(choices: Iterator[Choice]) -> list[Choice]:
        """Each set once, under the first rule that named it."""
        seen: dict[int | None, Choice] = {}
        for choice in choices:
            seen.setdefault(choice.credential_id, choice)
        return list(seen.values())

    def _opened(self, choice: Choice) -> Resolved:
        if choice.credential_id is None:
            password = SecretStr(self._environ[ENVIRONMENT["idrac"][1]])
        else:
            row = self._known().sets.get(choice.credential_id)
            if row is None or row.secret is None:
                raise NotFound("The credential set was removed a moment ago.", where=choice.name)
            password = self._vault.open(CREDENTIAL_SECRET.place(row.id, row.version), row.secret)
        self._secrets.add(password.get_secret_value(), choice.username)
        return Resolved(choice.username, password, choice.rule, choice.why, choice.credential_id)

    def _server(self, server_id: int) -> tuple[str, int | None, int | None]:
        """Address and sets of a server."""
        columns = (Server.address, Server.assigned_credential_id, Server.discovered_credential_id)
        found = self._row(columns, Server.id == server_id)
        if found is None:
            raise NotFound("The server is not in the list any more.", where=f"server {server_id}")
        address, assigned, discovered = found
        return address, assigned, discovered

    def _row(self, columns: tuple[Any, ...], where: ColumnElement[bool]) -> tuple[Any, ...] | None:
        """A row as it is now; in the same question, whether sets were edited."""
        with self._store.read() as connection:
            row = connection.execute(select(*columns, *_STATE).where(where)).one_or_none()
        if row is None:
            return None
        self._drop_older(tuple(row[-len(_STATE) :]))
        return tuple(row[: -len(_STATE)])

    def _look(self) -> None:
        """Whether sets were edited, where no row is asked for."""
        with self._store.read() as connection:
            self._drop_older(tuple(connection.execute(select(*_STATE)).one()))

    def _drop_older(self, state: _State) -> None:
        with self._lock:
            if self._cached is not None and self._cached.state != state:
                self._cached = None

    def _known(self) -> _Known:
        with self._lock:
            now = self._clock()
            if self._cached is None or now - self._cached.at >= self._fresh_for:
                self._cached = self._read(now)
            return self._cached

    def _read(self, now: float) -> _Known:
        columns = (
            CredentialSet.id,
            CredentialSet.name,
            CredentialSet.kind,
            CredentialSet.username,
            CredentialSet.secret,
            CredentialSet.secret_version,
            CredentialSet.priority,
            CredentialSet.is_default,
        )
        with self._store.read() as connection:
            sets = [_Set(*row) for row in connection.execute(select(*columns))]
            ranges = connection.execute(
                select(
                    CredentialIpRange.credential_id,
                    CredentialIpRange.expression,
                    CredentialIpRange.first,
                    CredentialIpRange.last,
                )
            )
            state = tuple(connection.execute(select(*_STATE)).one())
            return _Known(now, state, {row.id: row for row in sets}, tuple(_Range(*row) for row in ranges))


def _chosen(rule: Rule, why: str, row: _Set) -> Choice:
    return Choice(rule, why, row.username, row.id, row.name)
