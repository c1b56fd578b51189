"""Certificates of the iDRAC: requested, signed by the site, installed, and really shown in the handshake."""

from __future__ import annotations

import hashlib
import ssl
from typing import Any

import pytest
from cryptography import x509

from dsm_desktop.simulator import SimulatedIdrac, Site
from tests.simulator.authority import Authority
from tests.simulator.client import MANAGER, Answer, Client

SERVICE = "/redfish/v1/CertificateService"
HTTPS = f"{MANAGER}/NetworkProtocol/HTTPS/Certificates"
CARD = f"{MANAGER}/Oem/Dell/DelliDRACCardService/Actions/DelliDRACCardService"
NAMES = {"Organization": "Acme", "OrganizationalUnit": "Ops", "City": "Bern", "State": "BE", "Country": "CH"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def shown(idrac: SimulatedIdrac) -> str:
    """Fingerprint seen by a fresh connection."""
    der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((idrac.address, idrac.port), timeout=60))
    return hashlib.sha256(der).hexdigest()


def generate(client: Client, **more: Any) -> Answer:
    old = client.idrac.generation == "idrac9-4"
    place: Any = HTTPS if old else {"@odata.id": HTTPS}
    body = {"CommonName": "idrac.site", **NAMES, "CertificateCollection": place, **more}
    return client.post(f"{SERVICE}/Actions/CertificateService.GenerateCSR", body)


def certificate_uri(client: Client) -> str:
    return str(client.get(HTTPS)["Members"][0]["@odata.id"])


def replace(client: Client, pem: str) -> Answer:
    body = {
        "CertificateType": "PEM",
        "CertificateUri": {"@odata.id": certificate_uri(client)},
        "CertificateString": pem,
    }
    return client.post(f"{SERVICE}/Actions/CertificateService.ReplaceCertificate", body)


def reset(site: Site, client: Client) -> None:
    assert client.post(f"{MANAGER}/Actions/Manager.Reset", {"ResetType": "GracefulRestart"}).status == 204
    client.connection.close()
    site.set_clock(advance=2)
    site.set_clock(advance=200)


def test_a_signed_request_is_shown_after_a_restart_or_soon_by_itself(
    site: Site, authority: Authority
) -> None:
    for idrac in site.idracs[2:]:
        with Client(idrac) as client:
            answer = generate(client, AlternativeNames=["idrac.site", "10.0.0.9"])
            assert answer.status == 200
            pem = authority.sign(answer.json["CSRString"])
            before = shown(idrac)
            assert replace(client, authority.pem).message_ids == ["SYS409"], "not for this key"
            done = replace(client, pem)
            assert done.status == 200
            by_itself = idrac.generation in ("idrac9-7", "idrac10")
            assert ("LC077" in done.message_ids) == (not by_itself)
            assert shown(idrac) == before
            if by_itself:
                client.connection.close()
                site.set_clock(advance=3)
            else:
                reset(site, client)
            wanted = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
            assert shown(idrac) == idrac.fingerprint == wanted
            doc = client.get(certificate_uri(client))
            assert (doc["Subject"]["CommonName"], doc["Issuer"]["CommonName"]) == ("idrac.site", "Site CA")
            assert doc["ValidNotAfter"].startswith("2028-01-01")
            names = x509.load_pem_x509_certificate(pem.encode()).extensions[0].value
            assert isinstance(names, x509.SubjectAlternativeName)
            assert names.get_values_for_type(x509.DNSName) == ["idrac.site"]
            assert idrac.effects["GenerateCSR"] == idrac.effects["ReplaceCertificate"] == 1


def test_only_the_latest_request_counts(nine: SimulatedIdrac, authority: Authority) -> None:
    with Client(nine) as client:
        old = generate(client).json["CSRString"]
        generate(client)
        assert replace(client, authority.sign(old)).message_ids == ["SYS409"]


def test_a_request_that_takes_too_long_is_fetched_later(nine: SimulatedIdrac, authority: Authority) -> None:
    nine.set_fault("csr_slow")
    last = f"{SERVICE}/Actions/Oem/DellCertificateService.GetLastGeneratedCSR"
    with Client(nine) as client:
        assert client.post(last).status == 404
        late = generate(client)
        assert (late.status, late.message_ids) == (503, ["SYS537"])
        pem = authority.sign(client.post(last).json["CSRString"])
        assert replace(client, pem).status == 200


def test_a_bundle_with_its_passphrase(site: Site, nine: SimulatedIdrac, authority: Authority) -> None:
    text = authority.bundle("idrac-bundle", "pass-1")
    with Client(nine) as client:
        body = {"CertificateType": "CustomCertificate", "SSLCertificateFile": text, "Passphrase": "wrong"}
        assert client.post(f"{CARD}.ImportSSLCertificate", body).message_ids == ["SYS409"]
        assert client.post(f"{CARD}.ImportSSLCertificate", {**body, "Passphrase": "pass-1"}).status == 200
        assert client.get(certificate_uri(client))["Subject"]["CommonName"] != "idrac-bundle"
        reset(site, client)
        assert client.get(certificate_uri(client))["Subject"]["CommonName"] == "idrac-bundle"
        exported = client.post(f"{CARD}.ExportSSLCertificate", {"SSLCertType": "Server"}).json
        der = ssl.PEM_cert_to_DER_cert(exported["CertificateFile"])
        assert hashlib.sha256(der).hexdigest() == shown(nine)
        assert client.post(f"{CARD}.SSLResetCfg").status == 200
        reset(site, client)
        assert client.get(certificate_uri(client))["Subject"]["CommonName"] == f"idrac-{nine.service_tag}"
    assert "pass-1" not in str(nine.journal)


def test_authorities_are_kept(nine: SimulatedIdrac, authority: Authority) -> None:
    with Client(nine) as client:
        assert client.post(f"{CARD}.ExportSSLCertificate", {"SSLCertType": "CA"}).status == 404
        body = {"CertificateType": "CA", "SSLCertificateFile": authority.pem}
        assert client.post(f"{CARD}.ImportSSLCertificate", body).status == 200
        kept = client.post(f"{CARD}.ExportSSLCertificate", {"SSLCertType": "CA"}).json
        assert kept["CertificateFile"] == authority.pem


def test_bad_bodies(nine: SimulatedIdrac, eight: SimulatedIdrac) -> None:
    with Client(nine) as client:
        assert generate(client, Country="Switzerland").message_ids == ["SYS425"]
        assert generate(client, CommonName=5).message_ids == ["SYS424"]
        assert generate(client, CertificateCollection=HTTPS).message_ids == ["SYS428"]
        assert replace(client, "nonsense").message_ids == ["SYS409"]
        body = {"CertificateType": "Other", "SSLCertificateFile": "x"}
        assert client.post(f"{CARD}.ImportSSLCertificate", body).message_ids == ["SYS426"]
    with Client(eight) as client:
        assert generate(client).status == 404
    assert nine.effects == {}


def test_a_console_ticket_opens_one_console(site: Site, nine: SimulatedIdrac) -> None:
    with Client(nine) as client:
        client.login()
        assert client.post(f"{CARD}.GetKVMSession").message_ids == ["SYS428"]
        ticket = client.post(f"{CARD}.GetKVMSession", {"SessionTypeName": "dsm"}).json

        def open_console(password: str) -> str:
            query = f"username=root&tempUsername={ticket['TempUsername']}&tempPassword={password}"
            return client.send("GET", f"/console?{query}", anonymous=True).raw.decode()

        assert "<title>Virtual console" in open_console(ticket["TempPassword"])
        sessions = client.get(f"{client.sessions_uri}?$expand=*($levels=1)")["Members"]
        assert sorted(s["SessionType"] for s in sessions) == ["KVM", "Redfish"]
        assert "<title>Login" in open_console(ticket["TempPassword"]), "once only"
        ticket = client.post(f"{CARD}.GetKVMSession", {"SessionTypeName": "dsm"}).json
        assert "<title>Login" in open_console("guess")
        ticket = client.post(f"{CARD}.GetKVMSession", {"SessionTypeName": "dsm"}).json
        site.set_clock(advance=61)
        assert "<title>Login" in open_console(ticket["TempPassword"]), "too late"
    assert nine.effects == {"GetKVMSession": 3}
