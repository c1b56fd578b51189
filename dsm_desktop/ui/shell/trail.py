"""Where a person was in this window: back, forward, and the names of the way to here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

MOST = 100


@dataclass(frozen=True, slots=True)
class Place:
    """`spec` is what going there needs ("servers/12", "settings/store", "tab:job:7"); `names` the way to it in words."""

    spec: str
    names: tuple[str, ...]


class Trail(QObject):
    """A list of places like a browser's. `here` says where the window is now, `go` brings it to a place."""

    changed = Signal()

    def __init__(self, here: Callable[[], Place], go: Callable[[str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._here, self._go = here, go
        self._places: list[Place] = []
        self._number = -1
        self._quiet = 0

    def note(self) -> None:
        """Something moved: remember the place, unless it is the one remembered last."""
        if self._quiet:
            return
        now = self._here()
        if self._number >= 0 and self._places[self._number].spec == now.spec:
            self._places[self._number] = now
        else:
            del self._places[self._number + 1 :]
            self._places.append(now)
            del self._places[:-MOST]
            self._number = len(self._places) - 1
        self.changed.emit()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What is passed on the way is not remembered."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    @property
    def before(self) -> Place | None:
        """Where "back" leads."""
        return self._places[self._number - 1] if self._number > 0 else None

    @property
    def after(self) -> Place | None:
        """Where "forward" leads."""
        return self._places[self._number + 1] if self._number + 1 < len(self._places) else None

    def back(self) -> None:
        if self.before is not None:
            self._step(-1)

    def forward(self) -> None:
        if self.after is not None:
            self._step(1)

    def _step(self, by: int) -> None:
        self._number += by
        with self.quiet():
            self._go(self._places[self._number].spec)
        self.changed.emit()


class Crumbs(QWidget):
    """The way to here in words; what stands before the last name is a button."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Where you are")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._names: tuple[str, ...] = ()

    def show_place(self, place: Place) -> None:
        """The parts of `spec` before the last lead to the names before the last."""
        self.setAccessibleDescription(" › ".join(place.names))
        if place.names == self._names:
            return
        self._names = place.names
        while (item := self._row.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.hide()  # until then it would be painted below the new names
                old.deleteLater()
        specs = place.spec.split("/")
        for number, name in enumerate(place.names):
            if number:
                self._row.addWidget(QLabel("›"))
            last = number == len(place.names) - 1
            if last or place.spec.startswith("tab:"):
                self._row.addWidget(_Short(name))
                continue
            button = QToolButton()
            button.setAutoRaise(True)
            button.setText(name)
            button.setToolTip(f"Go to {name}")
            spec = "/".join(specs[: number + 1])
            button.clicked.connect(lambda _=False, spec=spec: self.chosen.emit(spec))
            self._row.addWidget(button)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())


class _Short(QWidget):
    """A name that may be cut and then shows its whole text as a tip."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 10, self.fontMetrics().height() + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.rect().adjusted(4, 0, -4, 0)
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, area.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
