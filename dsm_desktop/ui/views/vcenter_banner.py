"""What the vCenter area says above its tables: how old the copies are, what could not be read and why, what waits to be approved."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QLabel, QWidget

from dsm_desktop.queries.vsphere import VsphereView
from dsm_desktop.queries.vsphere_rows import HostRow
from dsm_desktop.ui import words
from dsm_desktop.ui.desk import Desk
from dsm_desktop.ui.dialogs.base import Dialog
from dsm_desktop.ui.dialogs.trust import trust_host, trust_ssh_key, trust_vcenter
from dsm_desktop.ui.theme import Tone
from dsm_desktop.ui.widgets.states import Banner

_NAMED = 3


def show_ages(view: VsphereView, said: QLabel) -> None:
    """When each vCenter was read, and stand-alone hosts: a few by name, of more the oldest."""
    told = [f"{v.name}: read {words.ago(v.synced_at)}" for v in view.vcenters]
    alone = [h for h in view.hosts if h.alone and h.seen_at is not None]
    if len(alone) <= _NAMED:
        told += [f"{h.name}: read {words.ago(h.seen_at)}" for h in alone]
    else:
        oldest = min(h.seen_at for h in alone if h.seen_at is not None)
        told.append(f"{len(alone)} stand-alone hosts: the oldest read {words.ago(oldest)}")
    said.setText(" · ".join(told))


def show_trouble(view: VsphereView, banner: Banner, desk: Desk, owner: QWidget) -> None:
    """What could not be read, the certificate to look at first; else keys that wait to be approved; else nothing."""
    broken = [(v.name, v.problem) for v in view.vcenters if v.problem]
    broken += [(h.name, h.problem) for h in view.hosts if h.problem]
    waiting = [h for h in view.hosts if h.strange_ssh_key or h.strange_certificate]
    if broken:
        strange = next((v for v in view.vcenters if v.problem and v.strange_certificate), None)
        unknown = next((h for h in waiting if h.problem and h.strange_certificate), None)
        look: Callable[[], Dialog] | None = None
        if strange is not None:
            look = partial(trust_vcenter, desk, strange, owner)
        elif unknown is not None:
            look = partial(trust_host, desk, unknown, owner)
        more = f"; and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        text = "; ".join(f"{name}: {problem}" for name, problem in broken[:_NAMED]) + more
        banner.say(
            f"{text} What is shown is from the last look.",
            Tone.WARNING,
            ("Look at it…", lambda: look().open()) if look is not None else None,
        )
    elif waiting:
        row = waiting[0]
        what, ask = ("SSH key", trust_ssh_key) if row.strange_ssh_key else ("certificate", trust_host)
        others = f" So do {len(waiting) - 1} others." if len(waiting) > 1 else ""
        banner.say(
            f"{row.name} shows {_another(row)} {what}: nobody signs in until it is approved.{others}",
            Tone.WARNING,
            ("Look at it…", lambda: ask(desk, row, owner).open()),
        )
    else:
        banner.dismiss()


def _another(row: HostRow) -> str:
    known = row.ssh_key if row.strange_ssh_key else row.fingerprint
    return "another" if known else "for the first time a"
