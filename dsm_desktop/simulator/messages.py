"""The error envelope of an iDRAC.

Ids, arguments and severities as in Dell's message registry (iDRAC9 6.00.30, EEMI 2.7); the status codes that go
with them were seen on devices and are listed in the fact sheet of Dell Redfish.
"""

from __future__ import annotations

from typing import Any

from dsm_desktop.simulator.exchange import Doc, Response, json_response
from dsm_desktop.simulator.texts import BASE_TEXTS, TEXTS, fill


class Refused(Exception):
    """A request the device will not carry out: raised anywhere below a handler, answered in the envelope.

    `reasons` are message keys with their arguments: ``Refused(400, ("SYS023",))``.
    """

    def __init__(self, status: int, *reasons: tuple[str, ...]) -> None:
        super().__init__(f"{status} {', '.join(reason[0] for reason in reasons)}")
        self.status = status
        self.reasons = reasons


class Speaker:
    """Writes messages with the registry prefixes of one firmware ('IDRAC.2.7', 'Base.1.12')."""

    def __init__(self, idrac_prefix: str, base_prefix: str, string_args: bool) -> None:
        self._idrac = idrac_prefix
        self._base = base_prefix
        self._string_args = string_args

    def identity(self, key: str) -> str:
        """Full MessageId of a Dell message key ('SYS403' -> 'IDRAC.2.7.SYS403')."""
        return f"{self._idrac}.{key}"

    def info(self, key: str, *args: str, related: tuple[str, ...] = ()) -> Doc:
        """One entry of @Message.ExtendedInfo. `key` is a Dell id ('SYS403') or a Base key ('AccessDenied')."""
        base = key in BASE_TEXTS
        text = BASE_TEXTS[key] if base else TEXTS[key]
        arguments: Any = str(list(args)) if self._string_args and not args else list(args)
        return {
            "Message": fill(text.message, args),
            "MessageArgs": arguments,
            "MessageArgs@odata.count": len(args),
            "MessageId": f"{self._base if base else self._idrac}.{key}",
            "RelatedProperties": list(related),
            "RelatedProperties@odata.count": len(related),
            "Resolution": text.resolution,
            "Severity": text.severity,
        }

    def error(self, status: int, *infos: Doc, headers: tuple[tuple[str, str], ...] = ()) -> Response:
        """An error answer in the envelope every generation shares."""
        body = {
            "error": {
                "@Message.ExtendedInfo": list(infos),
                "code": f"{self._base}.GeneralError",
                "message": "A general error has occurred. See ExtendedInfo for more information",
            }
        }
        return json_response(status, body, headers)

    def success(
        self, status: int, key: str = "SYS413", headers: tuple[tuple[str, str], ...] = ()
    ) -> Response:
        """The answer to a PATCH or an action that has something to say."""
        body = {"@Message.ExtendedInfo": [self.info("Success"), self.info(key)]}
        return json_response(status, body, headers)

    def unauthorized(self, challenge: bool) -> Response:
        """The one fixed answer to every request without valid credentials, whether the URI exists or not."""
        headers = (("WWW-Authenticate", 'Basic realm="RedfishService"'),) if challenge else ()
        return self.error(401, self.info("AccessDenied"), headers=headers)

    def not_found(self, uri: str) -> Response:
        """404 as iDRAC9 words it."""
        return self.error(404, self.info("SYS403", uri), self.info("ResourceMissingAtURI", uri))
