"""Canaries through every net: no form of a secret survives, and what an operator needs stays readable."""

from __future__ import annotations

import base64
import copy
import json
import logging
import random
import time
import timeit
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsm_desktop.core.log_guard import RedactingFilter, guard_handlers
from dsm_desktop.core.redact import MASK, Redactor, Secrets, masked, masked_headers, masked_text
from dsm_desktop.core.secret_names import is_secret_name

CANARY = "cAnary-7hK2x9"
BASIC = base64.b64encode(f"root:{CANARY}".encode()).decode()

SECRET_NAMES = (
    "Password password PASSWORD Passwd UserPassword RFSPassword SharePassword X-Auth-Token Authorization Cookie Set-Cookie"
    " Users.2#Password Users.2.Password iDRAC.Users.2.Password SHA256Password SHA256PasswordSalt IPMIKey MD5v3Key SHA1v3Key"
    " Users.3#IPMIKey ChapSecret MutualChapSecret TargetCHAPPassword SNMP.1#AgentCommunity SnmpCommunityString SysPassword"
    " SetupPassword OldSysPassword NewPassword PasswordHash Passphrase EncryptionKeyPassphrase KeyPhrase AuthenticationKey"
    " EncryptionKey BindPassword LDAP.1#BindPassword VNCServer.1#Password ProxyPassword tempUsername tempPassword VCSID"
    " access_token refreshToken client_secret api_key ApiKey WebhookUrl privateKey vmware-api-session-id vmware_soap_session"
    " LicenseFile SSLCertificateFile PSK pwd otp ticket bindpw secret_id PASSPHRASE SecurityKey"
).split()
HARMLESS_NAMES = (
    "UserName PasswordExpires PasswordExpiration PasswordChangeRequired MinPasswordLength AccountLockoutThreshold TokenType"
    " SessionTimeout Id @odata.id Name Message Model SerialNumber ServiceTag RoleId Enabled PowerState HostName FQDD Keyboard"
    " Monkey PasswordPolicy SecretsEnabled HashAlgorithm Attributes Targets ResetType ImageURI JobID SessionId"
).split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_the_value_of_a_secret_name_is_masked_in_every_notation(name: str) -> None:
    assert is_secret_name(name)
    document = {"UserName": "root", name: CANARY, "Next": 1}
    assert masked(document) == {"UserName": "root", name: MASK, "Next": 1}
    assert masked({"Attributes": [{"Name": name, "Value": CANARY, "Set On Import": "True"}]})["Attributes"][
        0
    ]["Value"] == (MASK)
    for text in (
        json.dumps(document),
        json.dumps(document, separators=(",", ":")),
        json.dumps(document, indent=2),
        json.dumps(json.dumps(document)),
        json.dumps({"outer": json.dumps({"inner": json.dumps(document)})}),
        repr(document),
        repr(list(document.items())),
        f"{name}: {CANARY}",
        f"{name}={CANARY}",
        f"{name} = '{CANARY}'",
        f"sent {name}: {CANARY}\r\nAccept: */*",
        f"https://10.0.0.1/console?x=1&{name}={CANARY}&y=2",
        f"{name}=b'{CANARY}'",
        f"{name}=['{CANARY}']",
        f"{name}=('root', '{CANARY}')",
        f"{name}=SecretStr('{CANARY}')",
        f'<Attribute Name="{name}">{CANARY}</Attribute>',
        f'<!-- <Attribute Name="{name}">\n  {CANARY}\n</Attribute> -->',
        f"<n1:AttributeName>{name}</n1:AttributeName>\n<n1:AttributeValue>{CANARY}</n1:AttributeValue>",
    ):
        assert CANARY not in masked_text(text), masked_text(text)


@pytest.mark.parametrize("name", HARMLESS_NAMES)
def test_harmless_names_stay_readable(name: str) -> None:
    assert masked({name: "Ready"}) == {name: "Ready"}
    assert masked_text(json.dumps({name: "Ready"})) == json.dumps({name: "Ready"})


TEXTS = [
    f"Authorization: Basic {BASIC}",
    f"headers={{'Authorization': 'Basic {BASIC}', 'Accept': 'json'}}",
    f"sending Basic {BASIC} to the host",
    f"Authorization: Bearer {CANARY}.abc",
    f"Cookie: -http-session-=7::http.session::{CANARY}; sessionid=1; other={CANARY}\r\nHost: x",
    f"Set-Cookie: vmware_soap_session={CANARY}; Path=/; HttpOnly",
    f"https://root:{CANARY}@10.0.0.1/redfish/v1",
    f"http://share.local:8080/iso?user=a ftp://root:{CANARY}@host/x",
    f"https://root:p@ss/{CANARY}@10.0.0.1/redfish/v1",
    f"postgresql+psycopg://dsm:{CANARY}@db.local:5432/dsm?sslmode=verify-full",
    f"connection failed: host=db user=dsm password={CANARY} dbname=dsm",
    f"cifs://DOMAIN;admin:{CANARY}@nas/share",
    f"racadm -r 10.0.0.1 -u root -p {CANARY} get iDRAC.Info",
    f"ipmitool -I lanplus -H 10.0.0.1 -U root -P {CANARY} chassis status",
    f"racadm set iDRAC.Users.2.Password {CANARY}",
    f"['racadm', '-r', '10.0.0.1', '-p', '{CANARY}', 'get']",
    f'["sshpass", "-p", "{CANARY}", "ssh"]',
    f"tool --password {CANARY} --host x",
    f"tool --password={CANARY}",
    f"curl -k -u root:{CANARY} https://10.0.0.1/",
    f"<soap:Body><Login><userName>root</userName><password>{CANARY}</password></Login></soap:Body>",
    f"<password><![CDATA[{CANARY}]]></password>",
    f'<connection user="a" password="{CANARY}"/>',
    f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\nabc\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\n{CANARY}",
    f"https://company.webhook.office.com/webhookb2/{CANARY}/IncomingWebhook/x",
    f"https://hooks.slack.com/services/T0/B0/{CANARY}",
    f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{CANARY}",
    f"1 validation error\nsecret\n  bad [type=string_type, input_value='{CANARY}', input_type=str]",
    f"(sqlite3.IntegrityError) x [SQL: INSERT] [parameters: ('root', '{CANARY}')]",
    f"ShareParameters={{'UserName': 'a', 'Password': '{CANARY}', 'ShareName': 's'}}",
    f"line one\npassword:\t{CANARY}\nline three",
    "password=" + "\\" * 5 + f'"{CANARY}',
    f"{{'auth': ('root', '{CANARY}')}}",
    f"viewer.html?vcsid=1&tempUsername=a&tempPassword={CANARY}",
]


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_in_free_text_are_masked(text: str) -> None:
    result = masked_text(text)
    assert CANARY not in result
    assert BASIC not in result
    assert MASK in result


@pytest.mark.parametrize(
    "text",
    [
        "GET https://10.0.0.1:443/redfish/v1/Systems/System.Embedded.1 200 in 41 ms",
        "Location: /redfish/v1/SessionService/Sessions/12",
        "Basic authentication is on; bearer tokens are off",
        "SYS403: the password was not accepted. Wait 60 s before the next try.",
        "The key of this host changed",
        "user root from 10.0.0.7 passed the check",
        "JID_123456789012 completed",
        "https://downloads.local/catalog@2024/x.xml",
        "",
    ],
)
def test_ordinary_lines_are_left_alone(text: str) -> None:
    assert masked_text(text) == text


def test_bodies_go_by_an_allow_list_for_what_is_long_or_looks_random() -> None:
    random_text = "Zx81kQ" * 8
    body = {
        "ImportBuffer": "<SystemConfiguration/>",
        "Blob": "<SystemConfiguration>" + "x" * 1000,
        "Whatever": random_text,
        "Custom": ["short", random_text],
        "@odata.id": "/redfish/v1/Systems/System.Embedded.1/" + "x" * 500,
        "Message": "A long explanation. " * 40,
        "Fingerprint": random_text,
        "blob": b"\x00\x01secret",
        "Credentials": {"UserName": "root", "Inner": {"Value": CANARY}},
        "HttpHeaders": [{"X-Custom": CANARY}],
        "Password": None,
        "PasswordSet": True,
        "Token": 123456,
    }
    result = masked(body)
    assert (result["ImportBuffer"], result["Blob"]) == (MASK, f"{MASK} (1021 characters)")
    assert result["Whatever"] == MASK
    assert result["Custom"] == ["short", MASK]
    assert result["@odata.id"] == body["@odata.id"]
    assert result["Message"] == body["Message"]
    assert result["Fingerprint"] == random_text
    assert result["blob"] == f"{MASK} (8 bytes)"
    assert CANARY not in repr(result)
    assert (result["Password"], result["PasswordSet"], result["Token"]) == (None, True, MASK)


def test_a_document_nested_without_end_is_masked_whole() -> None:
    deep: list[object] = [CANARY]
    for _ in range(100_000):
        deep = [deep]
    assert masked({"x": deep}) == f"{MASK} (nested too deeply)"


def test_headers_go_by_an_allow_list() -> None:
    assert masked_headers(
        {
            "Accept": "json",
            "X-Auth-Token": CANARY,
            "X-Anything": CANARY,
            "Location": f"https://a:{CANARY}@h/x",
        }
    ) == {"Accept": "json", "X-Auth-Token": MASK, "X-Anything": MASK, "Location": f"https://{MASK}@h/x"}


passwords = st.text(min_size=6, max_size=40).filter(lambda text: text.strip() == text and len(set(text)) > 3)
ascii_passwords = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40).map(
    lambda text: f"Zq{text}"
)


@given(ascii_passwords)
def test_no_password_survives_any_notation_without_being_known(password: str) -> None:
    document = {"UserName": "root", "Password": password, "Next": "x"}
    for text in (
        json.dumps(document),
        json.dumps(document, separators=(",", ":")),
        json.dumps(json.dumps(document)),
        repr(document),
        f"Password={password} x",
        f"Password: {password}\nnext",
        f"<Password>{escape(password)}</Password>",
        f"<x Password={quoteattr(password)}/>",
        f"?tempPassword={quote(password, safe='')}&a=1",
        f"https://root:{quote(password, safe='')}@10.0.0.1/x",
    ):
        result = masked_text(text)
        for form in (password, json.dumps(password)[1:-1], escape(password), quote(password, safe="")):
            assert form not in result, result


@given(passwords)
def test_a_known_secret_is_masked_wherever_it_turns_up(password: str) -> None:
    secrets = Secrets()
    secrets.add(password, "root")
    redactor = Redactor(secrets)
    for text in (
        f"login failed for root with {password}!",
        json.dumps({"note": password}),
        json.dumps({"note": password}, ensure_ascii=False),
        f"x{quote(password, safe='')}y",
        f"<a>{escape(password)}</a>",
        repr(password),
        "Basic " + base64.b64encode(f"root:{password}".encode()).decode(),
        base64.b64encode(password.encode()).decode(),
        password.encode().hex(),
    ):
        result = redactor.text(text)
        assert password not in result
        assert result != text
        assert password not in repr(redactor.value({"any": text, "list": [text]}))


def test_forgotten_secrets_are_masked_no_more() -> None:
    secrets = Secrets()
    secrets.add("abc")  # too short: it would blot out words
    secrets.add("first-secret", "root")
    secrets.add("second-secret")
    assert secrets.masked("abc first-secret second-secret") == f"abc {MASK} {MASK}"
    secrets.discard("first-secret")
    assert secrets.masked("first-secret second-secret") == f"first-secret {MASK}"
    secrets.clear()
    assert secrets.masked("second-secret") == "second-secret"


@given(st.lists(passwords, min_size=1, max_size=12), st.randoms())
def test_among_many_the_one_that_is_there_is_masked_and_shared_forms_stay(
    values: list[str], dice: random.Random
) -> None:
    secrets = Secrets()
    for value in values:
        secrets.add(value, "root")
        secrets.add(value, "admin")
    gone = dice.choice(values)
    secrets.discard(gone)
    for value in {*values} - {gone}:
        assert value not in secrets.masked(f"{gone}{value} {value}")
    for value in values:
        secrets.discard(value)
    assert secrets.masked(" ".join(values)) == " ".join(values)


def test_the_longer_of_two_that_begin_alike_is_masked_whole() -> None:
    secrets = Secrets()
    for value in ("Calvin1!", "Calvin1!-2026", "vin1"):
        secrets.add(value)
    assert secrets.masked("a Calvin1!-2026 b Calvin1! c") == f"a {MASK} b {MASK} c"


def _cpu(text: str) -> float:
    """Seconds of this thread's own work, however busy the machine."""
    return timeit.timeit(lambda: masked_text(text), number=1, timer=time.thread_time)


def test_hostile_texts_take_linear_time() -> None:
    for text in (
        "password" * 40_000,
        "a" * 300_000 + "password=",
        "<" * 200_000,
        '"' * 200_000 + "password=",
        "https://" * 40_000 + "token",
        "-" * 200_000 + "secret",
        "racadm " * 40_000 + "-p x",
        "\\" * 200_000 + '"password',
        'password":\\"' * 20_000,
        "auth='" * 30_000,
        ('password=x"' + '\\"' * 20_000) * 4,
        ("password=x'" + "\\'" * 20_000) * 4,
        "-----BEGIN PRIVATE KEY-----" * 8_000,
        "<Name>password</Name><Value>" * 8_000,
    ):
        whole, quarter = _cpu(text), _cpu(text[-len(text) // 4 :])
        assert whole < 10 * max(quarter, 0.01), text[
            :40
        ]  # four times where it is linear, sixteen where it is not


def test_a_small_body_costs_little() -> None:
    body = {"UserName": "root", "Password": CANARY, "RoleId": "Administrator", "Enabled": True}
    redactor = Redactor()
    for number in range(20):
        redactor.secrets.add(f"secret-{number}-of-rack", "root")
    ours, copies = (
        min(timeit.repeat(work, number=500, repeat=5, timer=time.thread_time))
        for work in (lambda: redactor.value(body), lambda: copy.deepcopy(body))
    )
    assert ours < 10 * copies


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(message)s %(extra)s", defaults={"extra": ""}))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def logged() -> tuple[logging.Logger, list[str]]:
    logger, handler = logging.Logger("paramiko.transport", logging.DEBUG), _Lines()
    logger.addHandler(handler)
    guard = guard_handlers(logger, Redactor())
    assert isinstance(guard, RedactingFilter)
    return logger, handler.lines


def test_a_log_line_loses_its_secrets(logged: tuple[logging.Logger, list[str]]) -> None:
    logger, lines = logged
    logger.debug("send: %r", {"X-Auth-Token": CANARY})
    logger.debug("Authorization: Basic %s", BASIC)
    logger.debug("%(password)s", {"password": f"password={CANARY}"})
    logger.warning("stack", stack_info=True, extra={"extra": f"token={CANARY}"})
    logger.error("two %s", "arguments", "too many")  # noqa: PLE1205 - on purpose
    try:
        _login(password=CANARY)
    except ValueError:
        logger.exception("failed")
    text = "\n".join(lines)
    assert CANARY not in text
    assert BASIC not in text
    assert "in _login" in text
    assert "do not fit" in text
    assert "X-Auth-Token" in text


def _login(*, password: str) -> None:
    raise ValueError(f"login refused: password={password}")
