"""The wire to one vCenter or ESXi host: SOAP made and read by pyVmomi, carried by `net.transport`.

pyVmomi's own HTTP compares a pin only after a failed verification, disarms the context it was given, and has no time-out
while it negotiates (9.1.1.0); its session stub sends writes again. So only its (de)serialisers are used here. Every
connection is pinned, limited, timed and recorded as for a BMC, and a method that is not known to be a read is a change.
"""

from __future__ import annotations

import http.cookies
import re
import threading
from typing import Any
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from pyVmomi.SoapAdapter import SoapResponseDeserializer, SoapStubAdapterBase

from dsm_desktop.core.errors import BadInput
from dsm_desktop.net.answer import Answer, BadAnswer
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import Recorder
from dsm_desktop.net.tls import CONNECT_TIMEOUT, Endpoint, Trust
from dsm_desktop.net.transport import Transport
from dsm_desktop.net.wire import Payload
from dsm_desktop.vmware.errors import NotVsphere, VcenterFault, VcenterUnreachable
from dsm_desktop.vmware.faults import error_of
from dsm_desktop.vmware.shown import shown
from dsm_desktop.vmware.vmodl import versions

ANSWER_TIMEOUT = 90.0
"""Seconds for a whole answer; a page of 500 VMs from a busy vCenter takes up to 20."""
LOGIN_TIMEOUT = 60.0
MAX_BODY = 256 * 2**20
COOKIE = "vmware_soap_session"
_PATH = re.compile(r"/(?:sdk|folder|api|rest)(?:[/?][!-~]*)?\Z")
_SESSION = re.compile(r"session\[[^]]*\]")
"""In the moid of a view or collector: the session's own key, which is nobody's to read in a log."""
_READS = frozenset(
    """RetrieveServiceContent CurrentTime Login Logout
    CreateContainerView DestroyView CreatePropertyCollector DestroyPropertyCollector CreateFilter DestroyPropertyFilter
    CreateCollectorForTasks ReadNextTasks DestroyCollector
    RetrievePropertiesEx ContinueRetrievePropertiesEx CancelRetrievePropertiesEx WaitForUpdatesEx CancelWaitForUpdates
    QueryOptions HasPrivilegeOnEntities HasUserPrivilegeOnEntities FetchUserPrivilegeOnEntities QueryDateTime
    ClusterEnterMaintenanceMode SearchDatastore_Task SearchDatastoreSubFolders_Task QuerySyncingVsanObjects
    QueryPerf""".split()
)
"""What changes nothing that outlives the session. Everything else is on disk before it is sent and never sent again."""


def own_path(path: object, *, where: str = "") -> str:
    """A path this room may ask for: the SOAP service, datastore files, the REST API. BadInput for anything else."""
    if isinstance(path, str) and _PATH.match(path) and ".." not in path.partition("?")[0].split("/"):
        return path
    raise BadInput(f"not a path of the vSphere API: {str(path)[:120]!r}", where=where)


def is_read(method: str) -> bool:
    """Whether a SOAP method (its wire name) changes nothing."""
    return method in _READS


class Wire(SoapStubAdapterBase):
    """What pyVmomi calls a stub: turns a method call into one exchange. Thread-safe; raises DsmError kinds only.

    The session's cookie lives here and goes only over connections whose certificate is approved.
    """

    def __init__(self, transport: Transport, version: str, answer_timeout: float = ANSWER_TIMEOUT) -> None:
        self.transport = transport
        self.answer_timeout = answer_timeout
        self._cookie = ""
        self._lock = threading.Lock()
        super().__init__(version=version)  # type: ignore[no-untyped-call]
        self.requestContext = None  # SerializeRequest asks for it, and only pyVmomi's own HTTP sets it

    @property
    def name(self) -> str:
        return self.transport.name

    @property
    def cookie(self) -> str:
        return self._cookie

    def forget_session(self) -> None:
        """The next call carries no cookie."""
        with self._lock:
            self._cookie = ""

    def close(self) -> None:
        self.transport.close(for_good=True)

    # --- calls ------------------------------------------------------------------------------------------------------

    def InvokeAccessor(self, mo: Any, info: Any) -> Any:
        """Refused: each attribute would be a call of its own and bring its whole structure along (25 to 115 times slower)."""
        raise TypeError(f"{type(mo).__name__}.{info.name} is read through the collector, not by attribute")

    def InvokeMethod(self, mo: Any, info: Any, args: Any) -> Any:
        """One SOAP method. Raises what Transport.request raises, VcenterFault kinds, VcenterUnreachable (503), BadAnswer."""
        method, about = info.wsdlName, mo._moId
        try:
            content = self.SerializeRequest(mo, info, args)  # type: ignore[no-untyped-call]
        except Exception as fault:
            if type(fault).__name__ == "vmodl.fault.MethodNotFound":
                raise error_of(fault, where=self.name, what=method, about=about) from None
            raise
        reading = is_read(method)
        payload = Payload(
            content,
            "text/xml; charset=utf-8",
            said=(method, f"{type(mo).__name__.rpartition('.')[2]}:{_SESSION.sub('session[…]', about)}"),
            repeatable=reading and method != "Login",
        )
        answer = self.transport.request(
            "POST",
            "/sdk",
            payload=payload,
            headers=self._headers(),
            secret=bool(self._cookie) or method == "Login",
            changing=not reading,
            timeout=self._patience(method, args),
            urgent=method == "Logout",
            recorded_body=None if reading else shown(info.params, args),
        )
        self._keep_cookie(answer)
        if answer.status == 503:
            raise _starting(self.name, answer)
        return self._result(answer, info, method, about)

    def _headers(self) -> dict[str, str]:
        headers = {"SOAPAction": self.versionId}
        if self._cookie:
            headers["Cookie"] = f'{COOKIE}="{self._cookie}"'
        return headers

    def _patience(self, method: str, args: Any) -> float:
        """A long poll is answered when its own time is over."""
        if method == "Login":
            return min(LOGIN_TIMEOUT, self.answer_timeout)
        waits = args[1].maxWaitSeconds if method == "WaitForUpdatesEx" and args[1] is not None else 0
        return self.answer_timeout + float(waits or 0)

    def _keep_cookie(self, answer: Answer) -> None:
        said = answer.headers.get("set-cookie", "")
        if COOKIE not in said:
            return
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        jar.load(said)
        if COOKIE in jar:
            with self._lock:
                self._cookie = jar[COOKIE].value

    def _result(self, answer: Answer, info: Any, method: str, about: str) -> Any:
        if answer.status not in (200, 500) or b"<!DOCTYPE" in answer.raw[:4096]:
            raise BadAnswer(
                f"{method} was answered with status {answer.status} and no SOAP",
                hint="What stands behind this address?",
                where=self.name,
            )
        try:
            result = SoapResponseDeserializer(self).Deserialize(answer.raw, info.result)  # type: ignore[no-untyped-call]
        except (ExpatError, AttributeError, KeyError, TypeError, ValueError) as error:
            # A server newer than pyVmomi sends types and enum values that it does not know.
            raise BadAnswer(
                f"the answer to {method} cannot be read",
                hint="A vSphere newer than this program? Update the program.",
                where=self.name,
                detail=repr(error)[:300],
            ) from error
        if answer.status == 200:
            return result
        if not isinstance(result, Exception):
            raise VcenterFault("RuntimeFault", "an error without a name", about=about, where=self.name)
        raise error_of(result, where=self.name, what=method, about=about)


def open_wire(
    endpoint: Endpoint,
    trust: Trust,
    *,
    throttle: Throttle,
    recorder: Recorder,
    connect_timeout: float = CONNECT_TIMEOUT,
    answer_timeout: float = ANSWER_TIMEOUT,
) -> Wire:
    """Connect, check the certificate and agree on the newest API version both sides know; no login is sent.

    Raises NotVsphere, VcenterUnreachable (503) and what Transport.request raises.
    """
    transport = Transport(
        endpoint,
        trust=trust,
        throttle=throttle,
        recorder=recorder,
        protocol="vsphere",
        connect_timeout=connect_timeout,
        max_body=MAX_BODY,
        own_path=own_path,
    )
    try:
        return Wire(transport, _negotiated(transport, min(30.0, answer_timeout)), answer_timeout)
    except BaseException:
        transport.close()
        raise


def _negotiated(transport: Transport, timeout: float) -> str:
    try:
        answer = transport.request("GET", "/sdk/vimServiceVersions.xml", timeout=timeout)
    except BadAnswer as error:
        raise _foreign(transport.name, "the answer is no list of API versions", error.message) from error
    if answer.status == 503:
        raise _starting(transport.name, answer)
    offered = _versions_in(answer.raw) if answer.ok else set()
    for version, known_as in versions():
        if known_as in offered:
            return version
    why = "no API version in common" if offered else "no vSphere API here"
    raise _foreign(transport.name, why, f"{answer.status} {sorted(offered)[:20]}")


def _foreign(where: str, why: str, detail: str) -> NotVsphere:
    hint = "Is this the address of a vCenter or an ESXi host (6.5 or newer)?"
    return NotVsphere(why, hint=hint, where=where, detail=detail)


def _starting(where: str, answer: Answer) -> VcenterUnreachable:
    return VcenterUnreachable(
        "its services are not up yet (503)",
        where=where,
        hint="vCenter takes some minutes after a restart. What waits for it asks again by itself; else try again then.",
        detail=answer.raw[:200].decode("utf-8", "replace"),
    )


def _versions_in(document: bytes) -> set[str]:
    """Version ids of vimServiceVersions.xml, newest and prior; empty for anything else."""
    if b"<!DOCTYPE" in document[:4096]:
        return set()
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 (no DOCTYPE, so no entities)
    except ElementTree.ParseError:
        return set()
    return {
        node.text.strip()
        for space in root.iter("namespace")
        if space.findtext("name", "").strip() == "urn:vim25"
        for node in space.iter("version")
        if node.text
    }
