"""One window per profile, and one beside it that looks only: the second start brings the first one to the front and ends."""

from __future__ import annotations

import hashlib
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_PATIENCE_MS = 5_000
_WORD = b"raise"


class Instance(QObject):
    """Held while the window lives; `called` when somebody starts the program once more.

    A lock file in the profile decides who is first (one left by a process that is gone counts for nothing); a local
    socket, readable by its owner alone, carries the call.
    """

    called = Signal()

    def __init__(self, folder: Path, kind: str = "window") -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = QLockFile(str(folder / f"{kind}.lock"))
        self._lock.setStaleLockTime(0)
        self._name = f"dsm-desktop-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]}-{kind}"
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """True: this process is the one of the profile. False: another is, and was told to come to the front."""
        if not self._lock.tryLock(0):
            return not self._call()
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._heard)
        self._server.listen(self._name)
        return True

    def release(self) -> None:
        """The window is gone."""
        if self._server is not None:
            self._server.close()
            self._lock.unlock()

    def _call(self) -> bool:
        """The first one may still be starting: it is called for some seconds."""
        end = QDeadlineTimer(_PATIENCE_MS)
        while not end.hasExpired():
            socket = QLocalSocket()
            socket.connectToServer(self._name)
            if socket.waitForConnected(500):
                socket.write(_WORD)
                socket.waitForBytesWritten(500)
                socket.disconnectFromServer()
                return True
            if self._lock.tryLock(200):  # it has ended meanwhile
                self._lock.unlock()
                return not self.claim()
        return True

    def _heard(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.called.emit()
