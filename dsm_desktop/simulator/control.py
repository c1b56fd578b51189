"""Steers a running site over HTTP on the loopback address; answers are JSON.

GET    /                               state of the site, the trap included
GET    /faults                         every fault there is, with its parameters
GET    /idracs                         all iDRACs
GET    /idracs/<name>                  one of them (service tag, address or index), with its certificate's fingerprint
GET    /idracs/<name>/journal          changes it has carried out
GET    /idracs/<name>/counters         its numbers
POST   /idracs/<name>/faults           {"name": "slow", "seconds": 2, "uri": "/Systems", "times": 3}
DELETE /idracs/<name>/faults[/<fault>] switch all or one off
POST   /idracs/<name>/<verb>           new_certificate, drop_sessions, drop_connections, reset_idrac, clear_journal,
                                       require_password_change, set_password, add_user, set_power,
                                       hold_media, release_media, make_foreign, set_lockdown, set_os_obeys, add_job,
                                       clear_jobs, set_version, log; body = arguments
GET    /vsphere                        the vCenter, its login and its hosts
GET    /vsphere/journal                changing requests it has taken
GET    /vsphere/counters               its numbers
POST   /vsphere/blockers               {"blocker": "usb_host", "where": "production-app-001"}
POST   /vsphere/faults                 {"name": "drop_after", "method": "RebootHost_Task", "times": 1}
DELETE /vsphere/faults                 switch all off
POST   /vsphere/hosts/<name>/faults    {"name": "never_returns"}; DELETE switches all of the host off
POST   /vsphere/restart                {"seconds": 10}; sessions are gone, every request is answered 503 for so long
POST   /vsphere/<verb>                 new_certificate, expire_sessions
POST   /clock                          {"speed": 60} or {"advance": 3600}
POST   /latency                        {"seconds": 0.3}
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from dsm_desktop.core.errors import DsmError
from dsm_desktop.simulator.errors import BadSite, UnknownIdrac
from dsm_desktop.simulator.faults import COMMON, KINDS
from dsm_desktop.simulator.idrac import SimulatedIdrac
from dsm_desktop.simulator.site import Site

OnVsphere = Callable[[str, list[str], dict[str, Any]], Any]
"""Answers what is under /vsphere: verb, rest of the path, body."""
VERBS: Final = frozenset(
    {
        "new_certificate",
        "drop_sessions",
        "drop_connections",
        "reset_idrac",
        "clear_journal",
        "require_password_change",
        "set_password",
        "add_user",
        "set_power",
        "hold_media",
        "make_foreign",
        "release_media",
        "set_lockdown",
        "set_os_obeys",
        "add_job",
        "clear_jobs",
        "set_version",
    }
)


def describe_faults() -> list[dict[str, Any]]:
    """The list of faults for people and programs."""
    return [
        {"name": k.name, "help": k.help, "stage": k.stage, "parameters": {**k.parameters, **COMMON}}
        for k in KINDS.values()
    ]


class Control:
    """The control interface of one site, in a thread of its own."""

    def __init__(self, site: Site, port: int = 0, vsphere: OnVsphere | None = None) -> None:
        control = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                control.answer(self)

            do_POST = do_GET
            do_DELETE = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet: standard output belongs to the ready line."""

        self._site = site
        self._vsphere = vsphere
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="site-control", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """One HTTP exchange."""
        length = int(handler.headers.get("Content-Length") or 0)
        raw = handler.rfile.read(length)
        try:
            body = json.loads(raw) if raw else {}
            status, result = 200, self.perform(handler.command, handler.path, body)
        except UnknownIdrac as error:
            status, result = 404, error.as_dict()
        except (DsmError, ValueError, TypeError) as error:
            status = 400
            result = (
                error.as_dict()
                if isinstance(error, DsmError)
                else {"code": "BadRequest", "message": str(error)}
            )
        payload = json.dumps(result).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(payload)))
        handler.end_headers()
        handler.wfile.write(payload)

    def perform(self, verb: str, path: str, body: dict[str, Any]) -> Any:
        """Carry out one call; the table above says which there are."""
        match [verb, *(part for part in path.split("/") if part)]:
            case ["GET"]:
                return self._state()
            case ["GET", "faults"]:
                return describe_faults()
            case ["GET", "idracs"]:
                return [i.as_dict() for i in self._site.idracs]
            case ["POST", "clock"]:
                return {"now": self._site.set_clock(body.get("speed"), float(body.get("advance", 0)))}
            case ["POST", "latency"]:
                self._site.latency = float(body["seconds"])
                return {"latency": self._site.latency}
            case [_, "vsphere", *rest] if self._vsphere is not None:
                return self._vsphere(verb, rest, body)
            case [_, "idracs", name, *rest]:
                return self._on_idrac(verb, self._site.find(name), rest, body)
        raise BadSite(f"There is no call {verb} {path}.")

    def _state(self) -> dict[str, Any]:
        site = self._site
        return {
            "port": site.port,
            "idracs": len(site.idracs),
            "now": site.clock.now(),
            "speed": site.clock.speed,
            "latency": site.latency,
            "trap": {"port": site.trap_port, **site.trap.as_dict()},
        }

    def _on_idrac(self, verb: str, idrac: SimulatedIdrac, rest: list[str], body: dict[str, Any]) -> Any:
        match [verb, *rest]:
            case ["GET"]:
                return {
                    **idrac.as_dict(),
                    "fingerprint": idrac.fingerprint,
                    "effects": idrac.effects,
                    "jobs": idrac.jobs,
                    "logs": idrac.log_sizes,
                }
            case ["GET", "journal"]:
                return [dataclasses.asdict(change) for change in idrac.journal]
            case ["GET", "counters"]:
                return idrac.counters
            case ["POST", "faults"]:
                idrac.set_fault(**body)
                return idrac.faults
            case ["DELETE", "faults"]:
                idrac.clear_faults()
                return idrac.faults
            case ["DELETE", "faults", fault]:
                idrac.clear_fault(fault)
                return idrac.faults
            case ["POST", "log"]:
                idrac.log(str(body["code"]), *map(str, body.get("args", [])))
                return idrac.log_sizes
            case ["POST", name] if name in VERBS:
                return {"result": getattr(idrac, name)(**body)}
        raise BadSite(f"There is no call {verb} /idracs/…/{'/'.join(rest)}.")
