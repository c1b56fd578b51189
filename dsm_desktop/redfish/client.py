"""One BMC, in the words of the program: who it is, what it is made of, what it logged, and its power.

Blocking; clients poll once and never wait. Safe for two threads at a time. Use as a context manager: leaving logs out.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from dsm_desktop.core.inventory import Identity, Inventory, LogEvent, LogKind, SystemFacts
from dsm_desktop.core.states import PowerAction, PowerState
from dsm_desktop.net.answer import Answer, BadAnswer
from dsm_desktop.net.limits import NotReady, Throttle
from dsm_desktop.net.links import safe_path
from dsm_desktop.net.recorder import Recorder
from dsm_desktop.net.streams import FileDownload, MultipartUpload
from dsm_desktop.net.tls import Certificate, Endpoint, Trust
from dsm_desktop.net.transport import RedirectRefused, Transport
from dsm_desktop.redfish import actions
from dsm_desktop.redfish import system as system_reader
from dsm_desktop.redfish.documents import MAX_MEMBERS, Doc, Documents, link
from dsm_desktop.redfish.errors import (
    AlreadyInState,
    Forbidden,
    Missing,
    ReadOnlyDevice,
    ResourceBusy,
    error_of,
    refused_inside,
)
from dsm_desktop.redfish.inventory import read_inventory
from dsm_desktop.redfish.logs import Mark, entries_path, read_log
from dsm_desktop.redfish.power import ActionUnavailable, ResetOutcome, ResetStep, reset_plan
from dsm_desktop.redfish.quirks import QUIRKS, Quirks, can_expand, guess_generation
from dsm_desktop.redfish.session import (
    GONE,
    Credential,
    Session,
    SessionInfo,
    SessionLedger,
    end_session,
    session_info,
)
from dsm_desktop.redfish.values import moment, power_state

__all__ = ["Credential", "RedfishClient", "SessionLedger"]

ROOT = "/redfish/v1"
LOGIN_TIMEOUT = 60.0
"""Seconds; old iDRACs need many for a login under load."""
USUAL = {"Systems": "system", "Managers": "manager", "Chassis": "chassis"}
"""Collection of the root → field of Quirks that may name its only member."""


class RedfishClient:
    """A connection to one BMC. Nothing is sent before the first call.

    Every method raises DsmError kinds only: Unreachable, TlsFailed (TlsTooOld, CertificateChanged,
    CertificateNotApproved, CertificateUntrusted), NoAnswer, BadAnswer, ForeignLink, NotReady, Resting, Busy,
    LoginRefused, LoginHeld, PasswordChangeRequired, RedfishError and its kinds.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        credential: Credential | None,
        *,
        trust: Trust,
        throttle: Throttle,
        recorder: Recorder,
        ledger: SessionLedger | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float | None = None,
    ) -> None:
        self.transport = Transport(
            endpoint, trust=trust, throttle=throttle, recorder=recorder, connect_timeout=connect_timeout
        )
        self.quirks: Quirks = QUIRKS[guess_generation({})]
        self._read_timeout = read_timeout
        self._root: Doc | None = None
        self._lock = threading.Lock()
        login = LOGIN_TIMEOUT if read_timeout is None else read_timeout
        self._session = (
            Session(self.transport, credential, self._sessions_uri, ledger, login_timeout=login)
            if credential
            else None
        )
        self._documents: Documents | None = None
        self._log_paths: dict[LogKind, str] = {}
        self.learned: dict[str, str] = {}
        """Paths found by links, by what they lead to; forgotten when one of them is gone (a new firmware moves them)."""

    # --- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def requests(self) -> int:
        """Answers received so far, logins included."""
        return self.transport.requests

    @property
    def response_ms(self) -> float | None:
        """Mean milliseconds to an answer; None before the first."""
        return self.transport.response_ms

    @property
    def certificate(self) -> Certificate | None:
        """What the device showed, after the first connection."""
        return self.transport.certificate

    def login(self) -> None:
        """Opens the session now instead of at the first call, and proves that the login is accepted."""
        if self._session is not None:
            self._session.login()
            if self._session.kind == "basic":  # sessions are full: nothing was sent yet that could be refused
                self.system()

    def close(self) -> bool:
        """Logs out and closes the connections. False when the device could not be told (the ledger then remembers)."""
        done = self._session.logout() if self._session else True
        self.transport.close()
        return done

    # --- reading ------------------------------------------------------------------------------------------------

    def root(self) -> Doc:
        """The service root, without login, once per client."""
        with self._lock:
            if self._root is None:
                answer = self._root_answer()
                root = self._document(answer, ROOT)
                if "RedfishVersion" not in root and "Systems" not in root:
                    raise BadAnswer(
                        "the answer is no Redfish service root",
                        hint="Is this a BMC?",
                        where=self.transport.name,
                    )
                self._root = root
                self.quirks = QUIRKS[guess_generation(root)]
                self.transport.throttle.set_ceiling(self.transport.name, self.quirks.in_flight)
            return self._root

    def _root_answer(self) -> Answer:
        """Some other vendors redirect from one spelling of the root to the other; that is asked for, not followed."""
        try:
            return self.transport.request("GET", ROOT, timeout=self._timeout(slow=False))
        except RedirectRefused:
            return self.transport.request("GET", ROOT + "/", timeout=self._timeout(slow=False))

    def identify(self) -> Identity:
        """Who this is, without login: one GET."""
        return system_reader.identity(self.root())

    def get(self, path: str, *, slow: bool = False) -> Doc:
        """One document by path, logged in. Raises Missing on 404."""
        self.root()
        timeout = self._timeout(slow=slow)
        if self._session is None:
            return self._document(self.transport.request("GET", path, timeout=timeout), path)
        return self._document(self._session.request("GET", path, timeout=timeout), path)

    def call(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        timeout: float = 60.0,
        changing: bool = True,
        headers: Mapping[str, str] | None = None,
        upload: MultipartUpload | None = None,
        into: FileDownload | None = None,
    ) -> Answer:
        """A changing call; the answer of a success. `timeout` s unless the client has a `read_timeout` of its own.

        `changing=False` for the POSTs that only ask (Dell's Get… actions). `upload` sends a file in place of `body`, `into`
        takes one from the answer: `timeout` is per block then. Raises the typed error of a refusal, also of one inside a yes.
        """
        self.root()
        session = self._session
        if session is None:
            raise Forbidden(
                "no credential for this device", hint="Assign a credential set.", where=self.transport.name
            )
        if not self.identify().is_dell:
            raise ReadOnlyDevice(
                "this is no iDRAC; it is shown, but not changed",
                hint="Use the vendor's own tool.",
                where=self.transport.name,
            )
        limit = timeout if self._read_timeout is None else self._read_timeout
        answer = session.request(
            method,
            path,
            body=body,
            timeout=limit,
            changing=changing,
            headers=headers,
            upload=upload,
            into=into,
        )
        if not answer.ok or (changing and refused_inside(answer)):
            raise self._error(answer, f"{method} {path}")
        return answer

    def sessions(self) -> list[SessionInfo]:
        """Sessions open on the device, ours and others'."""
        path = self._sessions_uri()
        return [session_info(doc) for doc in self.documents.members(path)] if path else []

    def end_session(self, uri: str, token: str = "") -> bool:
        """Deletes a session a crash has left: by its own token (no login), else by ours. True when it is gone."""
        if token:
            return end_session(self.transport, uri, token)
        session = self._session
        return session is not None and session.request("DELETE", uri, changing=False).status in GONE

    @property
    def documents(self) -> Documents:
        """The reader of documents; its `gaps` and `fallbacks` grow with use."""
        if self._documents is None:
            self._documents = Documents(self.get, expand=can_expand(self.root(), self.quirks))
        return self._documents

    def facts(self) -> SystemFacts:
        """Health sweep: power state, health and roll-ups, model and tag. Root and ComputerSystem: 2 GETs."""
        return system_reader.facts(self.system(), self.identify())

    def power_state(self) -> PowerState:
        """Now, by one GET. Lags behind a reset by up to a minute (Dell's own note)."""
        return power_state(self.system().get("PowerState"))

    def inventory(self) -> Inventory:
        """Everything: at most 12 GETs on an iDRAC9 or 10, one per part on older ones. `gaps` names what was not read."""
        try:
            return read_inventory(self)
        finally:
            if self._documents is not None:
                self._documents.forget()

    def log_events(
        self, kind: LogKind, since: Mark | None = None, *, limit: int = MAX_MEMBERS
    ) -> list[LogEvent]:
        """Entries newer than the one known by (id, created), newest first; all for None, in each case at most `limit`.

        Raises Missing without such a log. 50 entries a GET: a whole lifecycle log of an iDRAC takes minutes.
        """
        path = self._log_paths.get(kind)
        if path is None:
            system = None if self.quirks.system else self.system()
            path = self._log_paths[kind] = entries_path(self.documents, self.manager(), system, kind)
        return read_log(self.documents, path, kind, since, limit)

    def clock(self) -> datetime | None:
        """The BMC's clock in UTC; None when it does not tell."""
        return moment(self.manager().get("DateTime"))

    def system(self, *, children: str = "") -> Doc:
        """The ComputerSystem document; `children` "." or "*" asks for the documents it links to inside it."""
        return self._only("Systems", children)

    def manager(self, *, children: str = "") -> Doc:
        """The Manager document."""
        return self._only("Managers", children)

    def chassis(self, *, children: str = "") -> Doc:
        """The Chassis document of the server itself."""
        return self._only("Chassis", children)

    # --- power --------------------------------------------------------------------------------------------------

    def reset_plan(self, action: PowerAction) -> list[ResetStep]:
        """The POSTs an action takes on this server, with the states to wait for in between."""
        allowed, _ = system_reader.allowable_resets(self.system())
        return reset_plan(
            action,
            allowed,
            trust_graceful_restart=self.quirks.trust_graceful_restart,
            where=self.transport.name,
        )

    def reset(self, action: PowerAction) -> ResetOutcome:
        """The action in one POST. Raises ActionUnavailable where it takes several (use `reset_plan`, `reset_type`)."""
        document = self.system()
        allowed, target = system_reader.allowable_resets(document)
        steps = reset_plan(
            action,
            allowed,
            trust_graceful_restart=self.quirks.trust_graceful_restart,
            where=self.transport.name,
        )
        if len(steps) > 1:
            raise ActionUnavailable(
                f"“{action.value}” takes {len(steps)} steps on this server",
                hint="Shut down, wait for Off, power on.",
                where=self.transport.name,
            )
        return self._post_reset(
            steps[0].reset_type, target or link(document) + "/Actions/ComputerSystem.Reset"
        )

    def reset_type(self, value: str) -> ResetOutcome:
        """One POST with a ResetType of the plan."""
        document = self.system()
        _, target = system_reader.allowable_resets(document)
        return self._post_reset(value, target or link(document) + "/Actions/ComputerSystem.Reset")

    def _post_reset(self, value: str, target: str) -> ResetOutcome:
        try:
            self.call("POST", safe_path(target, where=self.transport.name), {"ResetType": value})
        except AlreadyInState:
            return ResetOutcome.ALREADY
        return ResetOutcome.TAKEN

    def reset_mark(self) -> dict[str, str]:
        """What to remember before a reset is sent, for `reset_was_taken`; plain JSON."""
        return actions.reset_mark(self)

    def reset_was_taken(
        self, action: PowerAction, mark: dict[str, str], ends_in: PowerState | None = None
    ) -> bool:
        """Whether a reset that may have been interrupted has reached the server since the mark."""
        return actions.reset_was_taken(self, action, mark, ends_in)

    def logged_since(self, mark: dict[str, str], ids: set[str]) -> bool:
        """Whether the lifecycle log has one of these message ids since a `reset_mark`; False where it has no log."""
        return actions.logged_since(self, mark, ids)

    # --- the rest of the machine --------------------------------------------------------------------------------

    def set_led(self, blinking: bool) -> None:
        """Identify light on or off."""
        actions.set_led(self, blinking)

    def reset_idrac(self) -> None:
        """Restarts the iDRAC; it is away for 2 to 3 minutes and all sessions end. The server goes on running."""
        actions.reset_idrac(self)

    # --- inside -------------------------------------------------------------------------------------------------

    def _timeout(self, *, slow: bool) -> float:
        usual = self.quirks.slow_timeout if slow else self.quirks.read_timeout
        return self._read_timeout if self._read_timeout is not None else usual

    def _sessions_uri(self) -> str | None:
        found = link(self.root(), "Links", "Sessions")
        return safe_path(found, where=self.transport.name) if found else None

    def _only(self, collection: str, children: str) -> Doc:
        """The one member: at Dell's fixed path, else (or when that is missing) the first member by links."""
        self.root()
        if usual := getattr(self.quirks, USUAL[collection]):
            try:
                return self.documents.with_children(usual, children) if children else self.get(usual)
            except Missing:
                absent: dict[str, Any] = {USUAL[collection]: ""}
                self.quirks = dataclasses.replace(self.quirks, **absent)
        path = link(self.root(), collection)
        members = self.documents.members(safe_path(path, where=self.transport.name)) if path else []
        if not members:
            raise Missing(
                f"the device lists no {collection}",
                hint="It may still be starting; try again in two minutes.",
                where=self.transport.name,
            )
        return self._with_children(members[0], children) if children else members[0]

    def _with_children(self, doc: Doc, children: str) -> Doc:
        path = link({"": doc}, "")
        return (
            self.documents.with_children(safe_path(path), children)
            if path and self.documents.expand_resources
            else doc
        )

    def _document(self, answer: Answer, path: str) -> Doc:
        if not answer.ok:
            raise self._error(answer, f"GET {path}")
        if not isinstance(answer.data, dict):
            raise BadAnswer("the answer is no JSON object", where=self.transport.name, detail=f"GET {path}")
        return answer.data

    def _error(self, answer: Answer, what: str) -> Exception:
        error = error_of(answer, where=self.transport.name, what=what)
        if isinstance(error, NotReady) and not isinstance(error, ResourceBusy):
            self.transport.throttle.rest(self.transport.name, error.retry_after)
        return error
