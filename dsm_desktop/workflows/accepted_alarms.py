"""Red alarms that an operator accepts by name for one run: they do not close its gates, and any other does."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from dsm_desktop.core.vsphere import Colour
from dsm_desktop.core.vsphere_site import ClusterPicture
from dsm_desktop.safety.gates import triggered


class AcceptedAlarm(BaseModel):
    """One alarm on one object. `key` vCenter's own of this alarm on this object, `on` the object's name, `by` who accepted it."""

    model_config = ConfigDict(frozen=True)
    key: str
    name: str
    on: str
    by: str

    @property
    def words(self) -> str:
        return f"Red alarm '{self.name}' on {self.on} was accepted for this run by {self.by}."


def accepted_alarms(
    picture: ClusterPicture, called: Sequence[str], by: str
) -> tuple[list[AcceptedAlarm], list[str]]:
    """The red alarms that are meant now, and a sentence for each name that means none. An alarm is called by its name, or by
    name and object ("Host hardware on esx2"); one that is triggered later on another object is a new one and not accepted."""
    red = [(a, owner) for a, owner in triggered(picture) if a.colour is Colour.RED]
    found: dict[str, AcceptedAlarm] = {}
    none = []
    for text in called:
        said = _plain(text)
        meant = [(a, o) for a, o in red if said in (_plain(a.name), _plain(f"{a.name} on {o}"))]
        found |= {a.key: AcceptedAlarm(key=a.key, name=a.name, on=o, by=by) for a, o in meant}
        if not meant:
            none.append(
                f"No red alarm called '{text}' is triggered on the cluster, so none is accepted by it."
            )
    return list(found.values()), none


def _plain(text: str) -> str:
    """Without the quotation marks that the gates print, in any case of letters."""
    return " ".join(text.replace("'", "").split()).casefold()
