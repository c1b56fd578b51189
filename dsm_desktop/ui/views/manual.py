"""The manual beside the work: contents, search, pages; opened by F1 at the place of what has the focus."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QKeySequence, QTextBlock, QTextCursor
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from dsm_desktop.queries.manual import CONTENTS, Place, anchor_of, manual
from dsm_desktop.ui.icons import icon
from dsm_desktop.ui.theme import SPACE, Tone, ui_font

_PLACE = Qt.ItemDataRole.UserRole
_TYPING_MS = 120


class ManualWindow(QDialog):
    """One at a time, beside the window, never in its way. Nothing is fetched: pages are files of the program."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Manual")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(940, 640)
        self.place = Place(CONTENTS)
        self._back: list[Place] = []
        self._ahead: list[Place] = []
        self.search, self.list, self.page = QLineEdit(), QListWidget(), QTextBrowser()
        self._build()
        self._fill_contents()
        self.show_place(Place(CONTENTS))

    def _build(self) -> None:
        self.search.setPlaceholderText("Search the manual")
        self.search.setAccessibleName("Search the manual")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("search", Tone.MUTED), QLineEdit.ActionPosition.LeadingPosition)
        typing = QTimer(self, interval=_TYPING_MS, singleShot=True)
        typing.timeout.connect(self.look_up)
        self.search.textChanged.connect(lambda _: typing.start())
        self.search.returnPressed.connect(self._open_first)
        self.list.setAccessibleName("Contents")
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(self._chosen)
        self.list.itemClicked.connect(self._chosen)
        self.page.setAccessibleName("Page of the manual")
        self.page.setOpenLinks(False)
        self.page.anchorClicked.connect(self._follow)
        self.page.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.page.document().setDefaultFont(ui_font(step=0.5))
        self.page.document().setDocumentMargin(SPACE * 2)
        self.back, self.ahead = QPushButton("Back"), QPushButton("Forward")
        self.contents, self.copy = QPushButton("Contents"), QPushButton("Copy page")
        close = QPushButton("Close")
        bar = QHBoxLayout()
        for button, do, keys in (
            (self.back, self.go_back, "Alt+Left"),
            (self.ahead, self.go_ahead, "Alt+Right"),
            (self.contents, lambda: self.open_place(Place(CONTENTS)), "Alt+Home"),
            (self.copy, self._copy, ""),
            (close, self.close, ""),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, do=do: do())
            if keys:
                button.setShortcut(QKeySequence(keys))
                button.setToolTip(f"{button.text()} ({keys})")
            if button is self.copy:
                bar.addStretch()
            bar.addWidget(button)
        left = QWidget()
        side = QVBoxLayout(left)
        side.setContentsMargins(0, 0, 0, 0)
        side.addWidget(self.search)
        side.addWidget(self.list, 1)
        split = QSplitter()
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(self.page)
        split.setSizes([260, 680])
        column = QVBoxLayout(self)
        column.addLayout(bar)
        column.addWidget(split, 1)

    @classmethod
    def open_at(cls, context: str, parent: QWidget) -> ManualWindow:
        """The manual at the place for a context; the window that is open already is used."""
        return cls._opened(manual().for_context(context), parent)

    @classmethod
    def open_topic(cls, topic: str, parent: QWidget) -> ManualWindow:
        """The manual at a page by its id."""
        return cls._opened(Place(topic), parent)

    @classmethod
    def _opened(cls, place: Place, parent: QWidget) -> ManualWindow:
        owner = parent.window()
        # A window of its own for a dialog: another one would be blocked by it.
        open_ones = [w for w in owner.findChildren(cls) if w.isVisible() and w.parentWidget() is owner]
        window = open_ones[0] if open_ones else cls(owner)
        window.open_place(place)
        window.show()
        window.raise_()
        window.activateWindow()
        return window

    # -- contents and search ------------------------------------------------------------------------------------

    def _fill_contents(self) -> None:
        self.list.clear()
        for topic in manual().topics:
            self._add(topic.title, Place(topic.id))

    def _add(self, text: str, place: Place, tip: str = "") -> None:
        item = QListWidgetItem(text)
        item.setData(_PLACE, (place.topic, place.anchor))
        item.setToolTip(tip)
        self.list.addItem(item)

    def look_up(self) -> None:
        """Sections with all the words, best first; the contents for none."""
        text = self.search.text().strip()
        if not text:
            self._fill_contents()
            return
        self.list.clear()
        for hit in manual().search(text):
            title = f"{hit.title}: {hit.section}" if hit.section and hit.section != hit.title else hit.title
            self._add(f"{title}\n{hit.excerpt}", hit.place, hit.excerpt)
        if not self.list.count():
            self.list.addItem("Nothing found; try fewer or other words.")

    def _open_first(self) -> None:
        self.look_up()
        self.list.setCurrentRow(0)
        if self.list.item(0) is not None:
            self._chosen(self.list.item(0))

    def _chosen(self, item: QListWidgetItem) -> None:
        kept = item.data(_PLACE)
        if kept:
            self.open_place(Place(*kept))

    # -- pages --------------------------------------------------------------------------------------------------

    def open_place(self, place: Place) -> None:
        """Go there and remember where from."""
        if place != self.place:
            self._back.append(self.place)
            self._ahead.clear()
        self.show_place(place)

    def show_place(self, place: Place) -> None:
        """A page, scrolled to its section."""
        topic = manual().topic(place.topic)
        if place.topic != self.place.topic or not self.page.document().characterCount() > 1:
            self.page.setMarkdown(topic.text)
        self.place = place
        self.setWindowTitle(f"{topic.title} — Manual")
        self.back.setEnabled(bool(self._back))
        self.ahead.setEnabled(bool(self._ahead))
        block = self._heading(place.anchor)
        self.page.setTextCursor(QTextCursor(block) if block else QTextCursor(self.page.document()))
        if block is not None:
            top = self.page.document().documentLayout().blockBoundingRect(block).top()
            self.page.verticalScrollBar().setValue(int(top))
        else:
            self.page.verticalScrollBar().setValue(0)

    def _heading(self, anchor: str) -> QTextBlock | None:
        block = self.page.document().begin()
        while anchor and block.isValid():
            if block.blockFormat().headingLevel() and anchor_of(block.text()) == anchor:
                return block
            block = block.next()
        return None

    def _follow(self, link: QUrl) -> None:
        place = manual().follow(self.place.topic, link.toString())
        if place is not None:
            self.open_place(place)

    def go_back(self) -> None:
        if self._back:
            self._ahead.append(self.place)
            self.show_place(self._back.pop())

    def go_ahead(self) -> None:
        if self._ahead:
            self._back.append(self.place)
            self.show_place(self._ahead.pop())

    def _copy(self) -> None:
        QApplication.clipboard().setText(manual().topic(self.place.topic).text)
