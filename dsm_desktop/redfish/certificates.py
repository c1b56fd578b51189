"""The certificate of the BMC's web server: a signing request made on the device, and the signed certificate put there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsm_desktop.net.answer import BadAnswer
from dsm_desktop.net.limits import NotReady
from dsm_desktop.net.links import safe_path
from dsm_desktop.redfish.documents import Doc, link
from dsm_desktop.redfish.errors import Missing, RedfishError, Unsupported
from dsm_desktop.redfish.services import action, service
from dsm_desktop.redfish.values import dig, text, whole

if TYPE_CHECKING:
    from dsm_desktop.redfish.client import RedfishClient

BY_RACADM = (
    "iDRAC7 and 8 make and take certificates by racadm only: 'racadm -r ADDRESS sslcsrgen -g', then 'sslcertupload -t 1 -f FILE'; "
    "afterwards compare the new one and trust it here (Edit, Certificate)."
)
"""The next step for those whose Redfish root has no CertificateService."""
_PLAIN_COLLECTION = (5, 0, 0, 0)
"""Up to this firmware of iDRAC9 the collection is given as a plain string, later as a link."""


@dataclass(frozen=True, slots=True)
class CertificateSubject:
    """Whom a certificate is for. `country` has two letters; `names` are the alternative names (DNS names, IP addresses)."""

    common_name: str
    organization: str
    unit: str
    city: str
    state: str
    country: str
    email: str = ""
    names: tuple[str, ...] = ()


def generate_request(client: RedfishClient, subject: CertificateSubject) -> str:
    """Let the device make a new key and a request (PEM). Only the newest request's key is kept by it.

    "" when it takes longer than the call (SYS537 after 30 s): ask `last_request`. Raises Unsupported on iDRAC7/8, which make
    requests by racadm only.
    """
    certificates = _service(client)
    collection = _collection(client)
    old = _version(client) <= _PLAIN_COLLECTION
    body: dict[str, Any] = {
        "CommonName": subject.common_name,
        "Organization": subject.organization,
        "OrganizationalUnit": subject.unit,
        "City": subject.city,
        "State": subject.state,
        "Country": subject.country,
        "AlternativeNames": list(subject.names),
        "CertificateCollection": collection if old else {"@odata.id": collection},
    }
    if subject.email:
        body["Email"] = subject.email
    try:
        answer = client.call("POST", action(client, certificates, "GenerateCSR"), body, timeout=120)
    except NotReady as error:
        if "SYS537" not in error.detail:
            raise
        return ""
    return _pem(dig(answer.data, "CSRString"), "CERTIFICATE REQUEST")


def last_request(client: RedfishClient) -> str:
    """The newest request the device made (PEM), "" when it has none."""
    target = action(client, _service(client), "GetLastGeneratedCSR")
    try:
        answer = client.call("POST", target, {}, changing=False, timeout=60)
    except RedfishError as error:
        if error.status in (400, 404):
            return ""
        raise
    return _pem(dig(answer.data, "CSRString"), "CERTIFICATE REQUEST")


def install_certificate(client: RedfishClient, pem: str) -> str:
    """Put the signed certificate of the newest request on the device. "replaced": shown after the next restart of the iDRAC;
    "imported": Dell's own call, after which newer firmware restarts by itself."""
    try:
        member = _member(client)
        target = action(client, _service(client), "ReplaceCertificate")
    except (Missing, Unsupported):
        card = service(client, client.manager(), "DelliDRACCardService")
        body = {"CertificateType": "Server", "SSLCertificateFile": pem}
        client.call("POST", action(client, card, "ImportSSLCertificate"), body, timeout=120)
        return "imported"
    replace: dict[str, Any] = {
        "CertificateType": "PEM",
        "CertificateUri": {"@odata.id": member},
        "CertificateString": pem,
    }
    client.call("POST", target, replace, timeout=120)
    return "replaced"


def _service(client: RedfishClient) -> Doc:
    path = link(client.root(), "CertificateService")
    if not path:
        raise Unsupported(
            "this iDRAC cannot make a signing request over Redfish",
            hint=BY_RACADM,
            where=client.transport.name,
        )
    return client.get(safe_path(path, where=client.transport.name))


def _collection(client: RedfishClient) -> str:
    protocol = link(client.manager(), "NetworkProtocol")
    found = link(client.get(safe_path(protocol)), "HTTPS", "Certificates") if protocol else ""
    if not found:
        raise Missing("the device lists no certificates of its web server", where=client.transport.name)
    return safe_path(found, where=client.transport.name)


def _member(client: RedfishClient) -> str:
    members = client.documents.members(_collection(client))
    client.documents.forget()
    if not members:
        raise Missing("the device lists no certificate of its web server", where=client.transport.name)
    return safe_path(link({"": members[0]}, ""), where=client.transport.name)


def _version(client: RedfishClient) -> tuple[int, ...]:
    """Of an iDRAC9; newer generations count from 1 again and are all newer."""
    manager = client.manager()
    generation = re.match(r"\d+", text(manager.get("Model")))
    if generation and int(generation[0]) >= 17:
        return (99,)
    return tuple(int(n) for n in re.findall(r"\d+", text(manager.get("FirmwareVersion")))) or (99,)


def _pem(value: Any, kind: str) -> str:
    """A PEM block out of an answer: with line ends of any kind, or with none at all."""
    raw = whole(value)
    found = re.search(rf"-----BEGIN {kind}-----(.+?)-----END {kind}-----", raw.replace("\\n", "\n"), re.S)
    if found is None:
        raise BadAnswer(
            f"the device answered no {kind.lower()}", hint="Try again; restart the iDRAC if it stays so."
        )
    body = re.sub(r"\s+", "", found[1])
    lines = "\n".join(body[n : n + 64] for n in range(0, len(body), 64))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"
