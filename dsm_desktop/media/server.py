"""The media server as operations see it: `offer` a file to a job's servers, `receive` what they push, `withdraw` both.

    media = ctx.service(MediaServer)
    offer = await ctx.run(lambda: media.offer(path, job_id=ctx.job_id, addresses=[ctx.target.address]))

It listens only while something is offered. A URL is the same again after a restart, because its token is derived from the
job; a body that is replayed offers the same file and gets the URL the BMC already has.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dsm_desktop.core.errors import DsmError
from dsm_desktop.core.settings import MediaSettings
from dsm_desktop.media.access_log import AccessLog, Row
from dsm_desktop.media.identity import MediaKeys
from dsm_desktop.media.listener import Listener
from dsm_desktop.media.offers import Inbox, Offer, Offers
from dsm_desktop.media.pace import Pace
from dsm_desktop.media.route import IpAddress, addresses_of, in_url, own_address
from dsm_desktop.store.media import ServedMount

log = logging.getLogger(__name__)

__all__ = ["Inbox", "MediaServer", "Offer"]

INBOX_LIMIT = 64 << 20
TIDY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class MediaHands:
    """What the assembly gives the server: this machine's name, its identity (asked when it is first needed), the site's
    settings, where log rows go, and what stands mounted from this machine's files."""

    host: str
    keys: Callable[[], MediaKeys]
    settings: Callable[[], MediaSettings]
    log: Callable[[list[Row]], None]
    mounts: Callable[[], Sequence[ServedMount]] = tuple
    ended: Callable[[set[int]], set[int]] = lambda jobs: set()
    """Which of these jobs have ended."""


class MediaServer:
    """Thread-safe and blocking: call it in `ctx.run` or in a step. Raises PortTaken, NotServable, NoRoute, VaultLocked."""

    def __init__(self, hands: MediaHands) -> None:
        self._hands = hands
        self.resident = True
        """Whether this process stays: False for a runner that ends with a command of the terminal."""
        self._lock = threading.RLock()
        self._tls_lock = threading.Lock()
        self._keys: MediaKeys | None = None
        self._context: ssl.SSLContext | None = None
        self._offers: Offers | None = None
        self._listener: Listener | None = None
        self._log: AccessLog | None = None
        self._standing: set[tuple[int, str]] = set()
        self._tidier: tuple[threading.Thread, threading.Event] | None = None

    # --- for operations ---------------------------------------------------------------------------------------------

    def offer(
        self,
        path: Path | str,
        *,
        job_id: int,
        addresses: Iterable[str],
        server_id: int | None = None,
        secure: bool | None = None,
    ) -> Offer:
        """Let these servers' BMCs read a file, or every file of a folder (its URL ends in "/"; no listing).

        `secure` True https, False http, None as the settings say. The address in the URL is the one this machine has
        towards the first of them. A file that is changed afterwards is not served any more.
        """
        path, towards = Path(path), list(addresses)
        with self._lock, self._opened(towards) as (offers, peers):
            part, size = offers.offer(path, job_id, peers, server_id)
            return Offer(self._base(towards, secure) + part, path, size)

    def path_of(self, path: Path | str, *, job_id: int) -> str:
        """The path of the URL that a job's file has (or would have): what tells a medium of ours from any other. Opens no port."""
        with self._lock:
            return Offers(self._own_keys().secret).path_of(Path(path), job_id)

    def receive(
        self,
        name: str,
        *,
        job_id: int,
        addresses: Iterable[str],
        server_id: int | None = None,
        limit: int = INBOX_LIMIT,
        secure: bool | None = True,
    ) -> Inbox:
        """Expect one upload (PUT or POST) of this name, at most `limit` bytes; anything else is refused.

        What came stays in memory alone until it is taken or withdrawn. Https unless `secure` says otherwise.
        """
        towards = list(addresses)
        with self._lock, self._opened(towards) as (offers, peers):
            part, box = offers.receive(name, job_id, peers, server_id, limit)
            box.url = self._base(towards, secure) + part
            return box

    def withdraw(self, job_id: int, addresses: Iterable[str] | None = None) -> None:
        """End a job's offers and inboxes, or only these servers' part in them; closes the port with the last one."""
        with self._lock:
            if self._offers is None:
                return
            guests = None if addresses is None else [p for a in addresses for p in addresses_of(a)]
            if self._offers.withdraw(job_id, guests):
                self._close()

    def _serve(self, mount: ServedMount) -> None:
        try:
            with self._opened([mount.address]) as (offers, peers):
                offers.offer(Path(mount.file), mount.job_id, peers, mount.server_id)
        except DsmError as error:
            log.warning("the medium mounted on %s is not served: %s", mount.address, error)

    @property
    def host(self) -> str:
        """This machine's name, as the library's folders and mounts carry it."""
        return self._hands.host

    @property
    def listening(self) -> int | None:
        """The open port; None while nothing is offered."""
        listener = self._listener
        return listener.port if listener is not None else None

    def address_towards(self, address: str) -> str:
        """The address of ours a BMC is given: the site's setting, else by route. Raises NoRoute."""
        return self._hands.settings().address or own_address(address)

    # --- for the assembly -------------------------------------------------------------------------------------------

    def serve_mounts(self) -> None:
        """Offer what stands mounted, as after a restart, and withdraw what was ejected; what cannot be served is logged,
        because nobody waits for this."""
        with self._lock:
            standing = {(m.job_id, m.address): m for m in self._hands.mounts()}
            for job_id, address in self._standing - set(standing):
                self.withdraw(job_id, [address])
            self._standing &= set(standing)
            for mark, mount in standing.items():
                if mark not in self._standing:
                    self._standing.add(mark)  # one that cannot be served is told once
                    self._serve(mount)

    def tidy(self) -> None:
        """Withdraw what ended jobs have left offered, unless it stands mounted; done every few seconds while the port is open."""
        with self._lock:
            if self._offers is None:
                return
            self.serve_mounts()
            kept = {job_id for job_id, _ in self._standing}
            for job_id in self._hands.ended(self._offers.jobs if self._offers else set()) - kept:
                self.withdraw(job_id)

    def last_read(self, job_id: int, address: str) -> float | None:
        """Seconds since this server's BMC read anything of a job; None when it never did since the program runs."""
        offers = self._offers
        return offers.last_read(job_id, addresses_of(address)) if offers is not None else None

    def last_seen(self, address: str) -> float | None:
        """Seconds since this server's BMC connected at all; None when it never did since the port was opened."""
        offers = self._offers
        return offers.last_seen(addresses_of(address)) if offers is not None else None

    def close(self) -> None:
        """Cut every transfer, close the port, forget the keys."""
        with self._lock:
            tidier = self._tidier
            self._close()
            self._keys, self._context = None, None
            self._standing.clear()
        if tidier is not None:
            tidier[0].join()

    # --- inside -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self, towards: list[str]) -> Iterator[tuple[Offers, list[IpAddress]]]:
        """The offers with the port open for them, and the peers; the port is closed again when the first offer fails."""
        peers = [peer for address in towards for peer in addresses_of(address)]
        offers = self._open_offers()
        try:
            yield offers, peers
        except DsmError:
            if offers.empty:
                self._close()
            raise

    def _open_offers(self) -> Offers:
        if self._offers is None:
            offers = Offers(self._own_keys().secret)
            settings = self._hands.settings()
            access_log = AccessLog(self._hands.log)
            try:
                self._listener = Listener(
                    settings.port, offers, Pace(settings.limit_mb * 1_000_000), self._tls, access_log.note
                )
            except DsmError:
                access_log.close()
                raise
            self._offers, self._log = offers, access_log
            stop = threading.Event()
            thread = threading.Thread(target=self._tidying, args=(stop,), name="media-tidy", daemon=True)
            self._tidier = (thread, stop)
            thread.start()
        return self._offers

    def _tidying(self, stop: threading.Event) -> None:
        while not stop.wait(TIDY_SECONDS):
            try:
                self.tidy()
            except DsmError as error:
                log.warning("looking for ended jobs: %s", error)

    def _close(self) -> None:
        listener, self._listener = self._listener, None
        access_log, self._log = self._log, None
        self._offers = None
        if self._tidier is not None:
            self._tidier[1].set()
            self._tidier = None
        if listener is not None:
            listener.close()
        if access_log is not None:
            access_log.close()

    def _own_keys(self) -> MediaKeys:
        if self._keys is None:
            self._keys = self._hands.keys()
        return self._keys

    def _tls(self) -> ssl.SSLContext:
        """Asked by the threads of connections, which `_close` waits for under the other lock."""
        with self._tls_lock:
            if self._context is None:
                assert self._keys is not None
                self._context = self._keys.context()
            return self._context

    def _base(self, towards: list[str], secure: bool | None) -> str:
        settings = self._hands.settings()
        address = settings.address or own_address(towards[0])
        scheme = "https" if (settings.https if secure is None else secure) else "http"
        assert self._listener is not None
        return f"{scheme}://{in_url(address)}:{self._listener.port}"
