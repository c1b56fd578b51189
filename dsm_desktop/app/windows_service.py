"""The agent as a Windows service: the few calls of the service control manager, by ctypes, so that no package is needed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from dsm_desktop.core.errors import DsmError

NAME = "DsmDesktopAgent"


class NotAService(DsmError):
    """`agent --service` was started by hand, or not on Windows."""


def run_service(work: Callable[[threading.Event], None]) -> None:
    """Tell the service control manager that we run, do `work(stop)` until it returns, tell it that we stopped.

    `stop` is set on the stop and shutdown controls. Raises NotAService when no service manager started this process.
    """
    if sys.platform == "win32":
        _Service(work).dispatch()
    else:
        raise NotAService("A Windows service runs on Windows only.", hint="Use the systemd unit here.")


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _OWN_PROCESS, _ACCEPT_STOP_SHUTDOWN = 0x10, 0x1 | 0x4
    _STOPPED, _START_PENDING, _STOP_PENDING, _RUNNING = 1, 2, 3, 4
    _CONTROL_STOP, _CONTROL_SHUTDOWN = 1, 5
    _FAILED_CONTROLLER_CONNECT = 1063

    class _Status(ctypes.Structure):
        _fields_ = [
            (name, wintypes.DWORD)
            for name in ("type", "state", "accepted", "exit_code", "specific", "check_point", "wait_hint")
        ]

    _Main = ctypes.WINFUNCTYPE(None, wintypes.DWORD, ctypes.POINTER(wintypes.LPWSTR))
    _Handler = ctypes.WINFUNCTYPE(
        wintypes.DWORD, wintypes.DWORD, wintypes.DWORD, wintypes.LPVOID, wintypes.LPVOID
    )

    class _Entry(ctypes.Structure):
        _fields_ = [("name", wintypes.LPWSTR), ("main", _Main)]

    class _Service:
        def __init__(self, work: Callable[[threading.Event], None]) -> None:
            self._work = work
            self._stop = threading.Event()
            self._api = ctypes.WinDLL("advapi32", use_last_error=True)
            self._api.RegisterServiceCtrlHandlerExW.restype = wintypes.HANDLE
            self._api.SetServiceStatus.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Status)]
            self._handle: int | None = None
            # Kept here, or they are collected while Windows still calls them.
            self._main = _Main(self._run)
            self._handler = _Handler(self._control)

        def dispatch(self) -> None:
            table = (_Entry * 2)(_Entry(NAME, self._main), _Entry(None, _Main()))
            if not self._api.StartServiceCtrlDispatcherW(table):
                code = ctypes.get_last_error()
                by_hand = " It was started by hand." if code == _FAILED_CONTROLLER_CONNECT else ""
                raise NotAService(
                    f"Windows did not take this process as a service (error {code}).{by_hand}",
                    hint="Install it with agent-service.cmd, or start `agent` without --service.",
                )

        def _run(self, count: int, arguments: object) -> None:
            self._handle = self._api.RegisterServiceCtrlHandlerExW(NAME, self._handler, None)
            self._tell(_RUNNING)
            code = 0
            try:
                self._work(self._stop)
            except DsmError:
                code = 1
                raise
            finally:
                self._tell(_STOPPED, code)

        def _control(self, control: int, kind: int, data: object, context: object) -> int:
            if control in (_CONTROL_STOP, _CONTROL_SHUTDOWN):
                self._tell(_STOP_PENDING)
                self._stop.set()
            return 0

        def _tell(self, state: int, code: int = 0) -> None:
            accepted = _ACCEPT_STOP_SHUTDOWN if state == _RUNNING else 0
            # Steps that run may take minutes to end; the manager is told so.
            hint = 15 * 60 * 1000 if state == _STOP_PENDING else 0
            status = _Status(_OWN_PROCESS, state, accepted, code, 0, int(state == _STOP_PENDING), hint)
            self._api.SetServiceStatus(self._handle, ctypes.byref(status))
