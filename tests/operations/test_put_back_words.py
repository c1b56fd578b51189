"""What the restore list and the job say when 'Put back' does not succeed, also the second time."""

from __future__ import annotations

import pytest

from dsm_desktop.core.errors import BadInput
from tests.operations.esxi_site import EsxiSite
from tests.operations.test_esxi_upgrade import failed, host, upgrade
from tests.operations.test_host_kept import shared, starts_soon

__all__ = ["shared", "starts_soon"]
pytestmark = pytest.mark.shared_program


@pytest.mark.usefixtures("starts_soon")
def test_the_next_step_is_said_once(shared: EsxiSite) -> None:
    site = shared
    target = host(site, 1)
    target.esxi.faults.set("reboot_ignored", times=1)
    job_id = upgrade(site, target)
    site.answer("keep")
    error = failed(site, job_id)
    said = [error["hint"], *(entry.message for entry in site.standing())]
    assert [words.count("Not put back") for words in said] == [1, 0, 0]
    for _ in range(2):
        site.press_put_back(job_id)
        site.answer("keep")
        error = failed(site, job_id)
        again = [error["hint"], *(entry.message for entry in site.standing())]
        assert again == said
    site.press_put_back(job_id)
    asked = site.question().id
    for entry in site.standing():
        with pytest.raises(BadInput, match="still at work") as refused:
            site.app.commands.abandon_restore(entry.id, "it is in service again")
        assert f"question {asked}" in refused.value.hint
    site.answer("go_on")
    error = failed(site, job_id)
    assert site.standing() == []
    assert "Not put back" not in error["hint"], "it is put back now"
    assert "other boot bank" in error["hint"]
