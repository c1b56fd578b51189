"""A second run on a cluster that is being worked on waits, and the list and its details say for which job."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsm_desktop.core.states import CancelGrade
from dsm_desktop.queries.jobs import list_jobs
from dsm_desktop.simulator.vsphere.blockers import Blocker
from tests.kit.commandline import CommandLine
from tests.operations.vsphere_site import roll_site

pytestmark = pytest.mark.shared_program


def test_a_second_run_on_the_cluster_names_the_first(tmp_path: Path) -> None:
    with roll_site(tmp_path, 3) as site:
        site.site.put(Blocker.IN_MAINTENANCE, site.cluster.hosts[1])
        packages = site.package("9.9.9")
        first = site.roll(firmware="packages", packages=packages)
        asked = site.question(first)
        second = site.roll(firmware="packages", packages=packages)
        words = f"waits: job {first}, '{site.job(first).title}', holds this cluster"
        assert site.job(second).message.startswith(words)
        assert f"question {asked.id}" in site.job(second).message
        (task,) = site.tasks(second)
        assert task.outcome.startswith(words)
        assert "holds" not in site.job(first).message

        line = CommandLine(tmp_path / "profile")
        asked_for = (
            "--vcenter-id",
            site.vcenter_id,
            "--cluster",
            site.cluster.moid,
            "--confirm",
            "rolling_update",
        )
        watching = line.start("job", "rolling_update", *asked_for)
        assert watching.stderr is not None
        said: list[str] = []
        for text in watching.stderr:
            said.append(text)
            if "waits for its turn" in text:
                break
        (third, *_) = (job.id for job in site.app.store.fetch(list_jobs))
        assert f"Job {third} waits for its turn: job {first}" in "".join(said)
        for waiting in (third, second):
            site.app.commands.cancel(waiting, CancelGrade.NOW)
        watching.communicate(timeout=120)
        site.answer("stop")
        site.wait(first)
