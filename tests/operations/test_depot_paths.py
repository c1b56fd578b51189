"""What is no path of a depot and no address of an image is refused before anything is asked."""

from __future__ import annotations

import pytest

from dsm_desktop.core.errors import BadInput
from dsm_desktop.media.address import checked_address
from dsm_desktop.workflows.depot import as_path


def test_a_depot_stays_on_its_datastore() -> None:
    assert as_path("[my store] depots/é ‘1’.zip") == "/vmfs/volumes/my store/depots/é ‘1’.zip"
    with pytest.raises(BadInput, match="no path on a datastore"):
        as_path("[store] ../other/bundle.zip")


@pytest.mark.parametrize(
    "text", ["http://files.site:x80/a.iso", "http://[fd00::1/a.iso", "https://h:0/a.iso"]
)
def test_an_address_that_cannot_be_asked_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="no address of an image"):
        checked_address(text)
