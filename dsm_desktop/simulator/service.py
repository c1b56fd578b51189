"""Answers requests the way an iDRAC does: who are you, may you, what is there, what shall be done."""

from __future__ import annotations

import ipaddress
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from dsm_desktop.simulator import query
from dsm_desktop.simulator.access import Account, parse_basic
from dsm_desktop.simulator.errands import Errands
from dsm_desktop.simulator.exchange import Doc, Receiver, Request, Response
from dsm_desktop.simulator.faults import FaultKind, Values
from dsm_desktop.simulator.folders import Folders
from dsm_desktop.simulator.messages import Refused
from dsm_desktop.simulator.tree import Tree, metadata
from dsm_desktop.simulator.tree.base import ROOT, UPDATE, Action, Resource, refuse
from dsm_desktop.simulator.tree.cardservice import CONSOLE, console_page
from dsm_desktop.simulator.tree.index import Found
from dsm_desktop.simulator.tree.sessions import login, login_failed
from dsm_desktop.simulator.update.upload import hindered

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

_log = logging.getLogger(__name__)
CACHE_BYTES: Final = 48 * 1024 * 1024
_WAKING_OPEN: Final = frozenset({"/redfish", ROOT})


class _Copy(NamedTuple):
    """A serialised document with its headers, good for one revision of its device until a moment."""

    revision: int
    until: float
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Service:
    """One for a whole site; state lives in the devices. Keeps serialised documents up to a number of bytes."""

    def __init__(self, trees: dict[str, Tree], host_check: bool) -> None:
        self._trees = trees
        self._host_check = host_check
        self.errands = Errands()
        self.folders = Folders()
        self._cache: OrderedDict[tuple[str, str], _Copy] = OrderedDict()
        self._cached = 0

    def handle(self, device: Device, request: Request) -> Response:
        """Answer; faults strike before and after."""
        if not device.faults:
            return self._guarded(device, request)
        hits = device.faults.pick(request)
        device.counters.faults_injected += len(hits)
        for kind, values in hits:
            if kind.instead is not None:
                answer = kind.instead(device.speaker, request, values)
                if answer is not None:
                    return answer
        response = self._guarded(device, request)
        later = response.later
        if later is None:
            return _spoiled(response, hits)
        return Response(202, later=lambda send: later(lambda final: send(_spoiled(final, hits))))

    def receiver(self, device: Device, verb: str, path: str, headers: dict[str, str]) -> Receiver | None:
        """What takes the body of an upload."""
        if verb != "POST" or not path.startswith(UPDATE):
            return None
        found = self._trees[device.persona.key].find(path)
        action = found.actions.get(verb) if found is not None else None
        if action is None or action.upload is None:
            return None
        return hindered(action.upload(headers), device.faults)

    def _guarded(self, device: Device, request: Request) -> Response:
        """A defect of the simulator answers 500 like a device would, and is logged."""
        try:
            return self._answer(device, request)
        except Exception:  # noqa: BLE001 - one defective document must not take the whole site down
            _log.exception(
                "simulated iDRAC %s failed on %s %s", device.plot.tag, request.verb, request.target
            )
            return device.speaker.error(
                500, device.speaker.info("SYS446"), device.speaker.info("InternalError")
            )

    # -- who and whether -------------------------------------------------------------------------------------

    def _answer(self, device: Device, request: Request) -> Response:
        now = device.now()
        speak = device.speaker
        if self._host_check and not _known_host(device, request):
            return Response(400, b"<html><body>Bad Request</body></html>", content_type="text/html")
        if now < device.waking_until and request.path not in _WAKING_OPEN:
            return speak.error(503, speak.info("ServiceTemporarilyUnavailable", "30"), speak.info("SYS518"))
        sessions = device.persona.sessions
        if request.verb == "POST" and request.path == sessions:
            bad = _bad_media(device, request)
            return bad or login(device, request)
        if request.path == CONSOLE and request.verb == "GET":
            return console_page(device, request)
        if request.path == metadata.PATH and request.verb in ("GET", "HEAD"):
            document = metadata.metadata(device.persona)
            return Response(200, document, content_type=metadata.MEDIA_TYPE)
        tree = self._trees[device.persona.key]
        found = tree.find(request.path)
        if (
            request.verb in ("GET", "HEAD")
            and found is not None
            and found.resource is not None
            and found.resource.open
            and not request.query
        ):
            return self._get(device, tree, request, found.resource, found)
        account = self._authenticate(device, request, now)
        if isinstance(account, Response):
            return account
        if account.must_change and not self._may_change(device, request, account):
            uri = f"{device.persona.accounts}/{account.slot}"
            return speak.error(403, speak.info("PasswordChangeRequired", uri), speak.info("RAC1260"))
        if found is None:
            return speak.not_found(request.path)
        if request.verb in ("GET", "HEAD") and found.resource is not None:
            return self._get(device, tree, request, found.resource, found)
        action = found.actions.get(request.verb)
        if action is None:
            allowed = ",".join([*(["GET", "HEAD"] if found.resource else []), *found.actions])
            return speak.error(405, speak.info("SYS402"), headers=(("Allow", allowed),))
        return self._act(device, request, action, found.segments, account)

    def _authenticate(self, device: Device, request: Request, now: float) -> Account | Response:
        token = request.headers.get("x-auth-token")
        challenge = device.persona.basic_advertised
        if token is not None:
            session = device.access.by_token(token, now)
            return session.account if session is not None else device.speaker.unauthorized(challenge)
        credentials = parse_basic(request.headers.get("authorization", ""))
        if credentials is None:
            return device.speaker.unauthorized(challenge)
        account = device.access.verify(*credentials)
        if account is None:
            return login_failed(device, request, credentials[0])
        device.counters.basic_requests += 1
        if device.persona.basic_takes_session and device.access.full(now):
            return device.speaker.error(503, device.speaker.info("RAC0218"))
        return account

    def _may_change(self, device: Device, request: Request, account: Account) -> bool:
        own = f"{device.persona.accounts}/{account.slot}"
        return request.path == own or (
            request.verb == "DELETE" and request.path.startswith(device.persona.sessions)
        )

    # -- reading ---------------------------------------------------------------------------------------------

    def _get(
        self, device: Device, tree: Tree, request: Request, resource: Resource, found: Found
    ) -> Response:
        key = (device.plot.tag, request.target)
        now = device.clock.now()
        hit = self._cache.get(key)
        if hit is not None and hit.revision == device.revision and now < hit.until:
            return Response(200, hit.body, hit.headers)
        speak = device.speaker
        reader = _Reader(device, tree, resource.fresh)
        try:
            doc = reader.read(request, resource, found.segments)
        except query.BadQuery as error:
            return speak.error(400, speak.info(error.key, *error.arguments))
        if doc is None:
            return speak.not_found(request.path)
        if resource.answer is not None:
            return resource.answer(device, doc, *found.segments)
        body = orjson.dumps(doc)
        until = float("inf") if reader.fresh is None else now + reader.fresh
        tag = resource.etag(device) if resource.etag is not None else None
        headers = (*_described(doc, found), *((("ETag", tag),) if tag else _etag(device)))
        self._keep(key, _Copy(device.revision, until, body, headers))
        return Response(200, body, headers)

    def _keep(self, key: tuple[str, str], copy: _Copy) -> None:
        old = self._cache.pop(key, None)
        if old is not None:
            self._cached -= len(old.body)
        self._cache[key] = copy
        self._cached += len(copy.body)
        while self._cached > CACHE_BYTES:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= len(dropped.body)

    # -- changing --------------------------------------------------------------------------------------------

    def _act(
        self, device: Device, request: Request, action: Action, segments: list[str], account: Account
    ) -> Response:
        if not account.allows(action.privilege):
            return refuse(device, account)
        speak = device.speaker
        body: Any = {}
        if request.verb in ("POST", "PATCH", "PUT") and action.upload is None:
            bad = _bad_media(device, request) or _lost_update(device, request)
            if bad is not None:
                return bad
            try:
                body = request.json() if request.body else {}
            except ValueError:
                return speak.error(400, speak.info("SYS405"))
            if not isinstance(body, dict):
                return speak.error(400, speak.info("SYS405"))
        if device.lockdown and action.locked:
            return speak.error(403, speak.info("SYS406"))
        try:
            return action.handle(device, request, body, account, *segments)
        except Refused as refused:
            return speak.error(refused.status, *(speak.info(*reason) for reason in refused.reasons))


class _Reader:
    """Builds one answer and finds out how long it stays good: as long as its shortest-lived part."""

    def __init__(self, device: Device, tree: Tree, fresh: float | None) -> None:
        self._device = device
        self._tree = tree
        self.fresh = fresh

    def read(self, request: Request, resource: Resource, segments: list[str]) -> Doc | None:
        """The document, as its query wants it."""
        doc = self._tree.finish(self._device, resource, request.path, segments)
        if doc is None or (not request.query and not resource.paged):
            return doc
        asked = query.parse(request.query, self._device.persona.query)
        return query.apply(asked, request.path, doc, self._fetch, resource.paged)

    def _fetch(self, path: str) -> Doc | None:
        found = self._tree.find(path)
        if found is None or found.resource is None:
            return None
        fresh = found.resource.fresh
        if fresh is not None:
            self.fresh = fresh if self.fresh is None else min(fresh, self.fresh)
        return self._tree.finish(self._device, found.resource, path, found.segments)


def _spoiled(response: Response, hits: list[tuple[FaultKind, Values]]) -> Response:
    for kind, values in hits:
        if kind.spoil is not None:
            response = kind.spoil(response, values)
    return response


def _bad_media(device: Device, request: Request) -> Response | None:
    media = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if media == "application/json":
        return None
    return device.speaker.error(415, device.speaker.info("SYS401"))


def _described(doc: Doc, found: Found) -> tuple[tuple[str, str], ...]:
    """Allow and Link as recorded from a 13G (2.41): the methods of the URI, and the schema the document follows."""
    allow = ("Allow", ",".join(["GET", "HEAD", *found.actions]))
    schema = str(doc.get("@odata.type", "")).lstrip("#").rpartition(".")[0]
    if not schema:
        return (allow,)
    return (allow, ("Link", f"</redfish/v1/Schemas/{schema}.json>;rel=describedby"))


def _etag(device: Device) -> tuple[tuple[str, str], ...]:
    return (("ETag", f'W/"gen-{device.revision + 1}"'),) if device.persona.etags else ()


def _lost_update(device: Device, request: Request) -> Response | None:
    """412 for a change made against a version that is no longer the present one, where documents carry ETags."""
    wanted = request.headers.get("if-match", "*")
    if wanted == "*" or not device.persona.etags or ("ETag", wanted) in _etag(device):
        return None
    return device.speaker.error(412, device.speaker.info("SYS400"))


def _known_host(device: Device, request: Request) -> bool:
    """Firmware checks the Host header since iDRAC8 2.81 and iDRAC9 5.10: an address, or the configured name."""
    host = request.headers.get("host", "").rsplit(":", 1)[0].strip("[]")
    if host.lower() == f"idrac-{device.plot.tag}".lower():
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
