"""Packing: units (VMs that go together) onto hosts with limited room. First-fit decreasing, then a bounded repair.

Finding the best packing is as hard as bin packing; here a packing that is found is always right, and one that exists is
sometimes not found: how rarely is measured in the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsm_desktop.safety.fitting import Need, Room, bits


def _steps(units: int, hosts: int) -> int:
    """Repair and search steps allowed for one packing: few VMs are searched deeply, many briefly."""
    return min(10_000, max(200, 200_000 // max(1, units * hosts)))


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """VMs that must land on one host. `allowed` and `preferred` are masks of hosts; `apart` numbers of the keep-apart rules
    its members are in."""

    vms: tuple[str, ...]
    need: Need
    allowed: int
    preferred: int
    apart: tuple[int, ...] = ()


class Board:
    """The state of a packing: what is left where, and who sits where."""

    def __init__(self, room: Room, occupied: Sequence[int], by_reservation: bool) -> None:
        self.room = room.copy()
        self.occupied = list(occupied)
        self.by_reservation = by_reservation
        self.at: dict[Unit, int] = {}

    def fits(self, unit: Unit, host: int) -> bool:
        """There is room for it, no rule against it, and it may run there."""
        if not unit.allowed >> host & 1:
            return False
        wants, room = unit.need, self.room
        if wants.reserved > room.reservable[host] or wants.cpu_reserved > room.cpu_reservable[host]:
            return False
        if not self.by_reservation and (wants.memory > room.memory[host] or wants.cpu > room.cpu[host]):
            return False
        return not any(self.occupied[rule] >> host & 1 for rule in unit.apart)

    def put(self, unit: Unit, host: int) -> None:
        """Place it, unchecked."""
        self._shift(unit, host, 1)
        self.at[unit] = host

    def take(self, unit: Unit) -> int:
        """Remove it; returns where it was."""
        host = self.at.pop(unit)
        self._shift(unit, host, -1)
        return host

    def _shift(self, unit: Unit, host: int, sign: int) -> None:
        wants, room = unit.need, self.room
        room.memory[host] -= sign * wants.memory
        room.cpu[host] -= sign * wants.cpu
        room.reservable[host] -= sign * wants.reserved
        room.cpu_reservable[host] -= sign * wants.cpu_reserved
        for rule in unit.apart:
            self.occupied[rule] ^= 1 << host

    def left(self, host: int) -> float:
        """Memory left by the measure that counts."""
        return (self.room.reservable if self.by_reservation else self.room.memory)[host]

    def choices(self, unit: Unit, widest: bool) -> list[int]:
        """Hosts it fits on: those its "should" rules name first, then the fullest (or, `widest`, the emptiest)."""
        found = self._open(unit)
        left = self.room.reservable if self.by_reservation else self.room.memory
        found.sort(key=left.__getitem__, reverse=widest)
        wish = unit.preferred
        if found and any(not wish >> host & 1 for host in found):
            found.sort(key=lambda host: not wish >> host & 1)
        return found

    def best(self, unit: Unit, widest: bool) -> int | None:
        """The first of `choices`, None when it fits nowhere."""
        found = self._open(unit)
        if not found:
            return None
        wished = [host for host in found if unit.preferred >> host & 1] or found
        left = self.room.reservable if self.by_reservation else self.room.memory
        return max(wished, key=left.__getitem__) if widest else min(wished, key=left.__getitem__)

    def _open(self, unit: Unit) -> list[int]:
        """`fits` for all hosts at once, written out: this is where the time goes."""
        mask = unit.allowed
        for rule in unit.apart:
            mask &= ~self.occupied[rule]
        wants, room = unit.need, self.room
        reservable, cpu_reservable = room.reservable, room.cpu_reservable
        reserved, cpu_reserved = wants.reserved, wants.cpu_reserved
        found = [n for n in bits(mask) if reserved <= reservable[n] and cpu_reserved <= cpu_reservable[n]]
        if self.by_reservation:
            return found
        memory, cpu = wants.memory, wants.cpu
        return [n for n in found if memory <= room.memory[n] and cpu <= room.cpu[n]]


def _size(unit: Unit, by_reservation: bool) -> float:
    wants = unit.need
    return wants.reserved if by_reservation else wants.memory + wants.reserved


def pack(
    units: Sequence[Unit], room: Room, occupied: Sequence[int], *, by_reservation: bool, thorough: bool = True
) -> tuple[Board, list[Unit]]:
    """Place all units, or as many as are found to fit. Returns the board and those left over.

    Four orders are tried (spread or squeezed, biggest or most bound first); then left-over units push one placed unit
    aside; then, in small clusters, a depth-first search within a fixed number of steps. Not `thorough`: two orders and no
    more, for a search that asks often."""

    def biggest(unit: Unit) -> tuple[float, float, int]:
        return (-_size(unit, by_reservation), -unit.need.cpu, unit.allowed.bit_count())

    def most_bound(unit: Unit) -> tuple[float, float, int]:
        return (unit.allowed.bit_count(), -_size(unit, by_reservation), -len(unit.apart))

    def most_cpu(unit: Unit) -> tuple[float, float, int]:
        return (-unit.need.cpu, -_size(unit, by_reservation), 0)

    best: tuple[Board, list[Unit]] | None = None
    tries: list[tuple[Callable[[Unit], tuple[float, float, int]], bool]] = [
        (biggest, True), (most_bound, False), (biggest, False), (most_cpu, False),
    ]  # fmt: skip
    thorough = thorough and _may_fit(units, room, by_reservation)
    steps = [_steps(len(units), len(room.memory))]
    for order, widest in tries if thorough else tries[:2]:
        board = Board(room, occupied, by_reservation)
        over = _fill(board, sorted(units, key=order), widest)
        if over and thorough:
            over = _push_aside(board, over, steps)
        if best is None or len(over) < len(best[1]):
            best = board, over
        if not over:
            return best
    assert best is not None
    board = Board(room, occupied, by_reservation)
    if thorough and _search(board, sorted(units, key=most_bound), [_steps(len(units), len(room.memory))]):
        return board, []
    return best


def _may_fit(units: Sequence[Unit], room: Room, by_reservation: bool) -> bool:
    """All together they need no more than there is: without that no search helps."""
    allowed = 0
    for unit in units:
        allowed |= unit.allowed
    hosts = list(bits(allowed))

    def enough(wanted: float, left: Sequence[float]) -> bool:
        return wanted <= sum(max(0.0, left[n]) for n in hosts)

    if by_reservation:
        return enough(sum(u.need.reserved for u in units), room.reservable)
    return enough(sum(u.need.memory for u in units), room.memory) and enough(
        sum(u.need.cpu for u in units), room.cpu
    )


def _fill(board: Board, units: Sequence[Unit], widest: bool) -> list[Unit]:
    over = []
    for unit in units:
        host = board.best(unit, widest)
        if host is None:
            over.append(unit)
        else:
            board.put(unit, host)
    return over


def _push_aside(board: Board, over: Sequence[Unit], steps: list[int]) -> list[Unit]:
    """Make room for each left-over unit by moving one placed unit elsewhere, as long as there are steps."""
    return [unit for unit in over if not any(_make_room(board, unit, n, steps) for n in bits(unit.allowed))]


def _make_room(board: Board, unit: Unit, host: int, steps: list[int]) -> bool:
    for other in [placed for placed, at in board.at.items() if at == host]:
        if steps[0] <= 0:
            return False
        steps[0] -= 1
        board.take(other)
        if board.fits(unit, host):
            board.put(unit, host)
            elsewhere = board.best(other, widest=False)
            if elsewhere is not None:
                board.put(other, elsewhere)
                return True
            board.take(unit)
        board.put(other, host)
    return False


def _search(board: Board, units: Sequence[Unit], steps: list[int]) -> bool:
    """Depth first over all units; gives up when the steps are used up."""

    def place(index: int) -> bool:
        if index == len(units):
            return True
        unit = units[index]
        for host in board.choices(unit, widest=False):
            if steps[0] <= 0:
                return False
            steps[0] -= 1
            board.put(unit, host)
            if place(index + 1):
                return True
            board.take(unit)
        return False

    return len(units) < 200 and place(0)
