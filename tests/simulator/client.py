"""A plain HTTPS client for tests of the simulator: no client code of the product takes part."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import Any, NamedTuple, Self

from dsm_desktop.simulator import SimulatedIdrac

SYSTEM = "/redfish/v1/Systems/System.Embedded.1"
CHASSIS = "/redfish/v1/Chassis/System.Embedded.1"
MANAGER = "/redfish/v1/Managers/iDRAC.Embedded.1"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"


class Answer(NamedTuple):
    """Status, headers and body of an answer."""

    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def json(self) -> Any:
        """The body parsed."""
        return json.loads(self.raw)

    @property
    def message_ids(self) -> list[str]:
        """Last part of every MessageId, wherever the device put them."""
        body = self.json
        infos = body.get("error", body).get("@Message.ExtendedInfo", [])
        return [info["MessageId"].rsplit(".", 1)[-1] for info in infos]


def insecure() -> ssl.SSLContext:
    """A context that trusts everybody, for simulated devices on the loopback network."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Client:
    """Talks to one simulated iDRAC with Basic credentials until `login` got a token."""

    def __init__(
        self, idrac: SimulatedIdrac, user: str | None = None, password: str | None = None, timeout: float = 60
    ) -> None:
        self.idrac = idrac
        self.user = idrac.username if user is None else user
        self.password = idrac.password if password is None else password
        self.token: str | None = None
        self.session: str = ""
        self.connection = http.client.HTTPSConnection(
            idrac.address, idrac.port, timeout=timeout, context=insecure()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    @property
    def basic(self) -> dict[str, str]:
        """Pre-emptive Basic."""
        value = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {value}"}

    def send(
        self,
        verb: str,
        uri: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        anonymous: bool = False,
    ) -> Answer:
        """One exchange."""
        sent = dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        if not anonymous:
            sent.update({"X-Auth-Token": self.token} if self.token else self.basic)
        payload = body if isinstance(body, bytes | None) else json.dumps(body)
        self.connection.request(verb, urllib.parse.quote(uri, safe="/:?$=*()&'%,|#~."), payload, sent)
        response = self.connection.getresponse()
        return Answer(response.status, response.headers, response.read())

    def get(self, uri: str) -> Any:
        """A document that must be there."""
        answer = self.send("GET", uri)
        assert answer.status == 200, (uri, answer.status, answer.raw[:300])
        return answer.json

    def post(self, uri: str, body: Any = None) -> Answer:
        """An action."""
        return self.send("POST", uri, {} if body is None else body)

    def patch(self, uri: str, body: Any) -> Answer:
        """A change."""
        return self.send("PATCH", uri, body)

    @property
    def sessions_uri(self) -> str:
        """Where this generation keeps its sessions."""
        root = self.send("GET", "/redfish/v1", anonymous=True).json
        return str(root["Links"]["Sessions"]["@odata.id"])

    def login(self, password: str | None = None) -> Answer:
        """Open a session."""
        body = {"UserName": self.user, "Password": self.password if password is None else password}
        answer = self.send("POST", self.sessions_uri, body, anonymous=True)
        if answer.status == 201:
            self.token, self.session = answer.headers["X-Auth-Token"], answer.headers["Location"]
        return answer

    def logout(self) -> Answer:
        """Close it."""
        answer = self.send("DELETE", self.session)
        self.token = None
        return answer


def links(value: Any) -> Iterator[str]:
    """All @odata.id below a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "@odata.id":
                yield inner
            else:
                yield from links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links(inner)


def walk(client: Client) -> tuple[dict[str, Any], Counter[str]]:
    """Every document reachable from the root, and the links that did not answer 200."""
    found: dict[str, Any] = {}
    broken: Counter[str] = Counter()
    todo = ["/redfish/v1"]
    while todo:
        uri = todo.pop()
        if uri in found or uri in broken:
            continue
        answer = client.send("GET", uri)
        if answer.status != 200:
            broken[uri] += 1
            continue
        found[uri] = answer.json
        todo.extend(link.split("#")[0] for link in links(answer.json))
        if "Members@odata.nextLink" in answer.json:
            todo.append(answer.json["Members@odata.nextLink"])
    return found, broken
