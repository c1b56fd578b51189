"""vSAN that does not tell what it still copies is never taken for one at rest."""

from __future__ import annotations

from pathlib import Path

from tests.operations.vsphere_site import QUICK, roll_site


def test_a_vsan_that_does_not_tell_is_asked_about_before_and_after_a_host(tmp_path: Path) -> None:
    with roll_site(tmp_path, 4, vsan=True) as site:
        first, second = site.cluster.hosts[:2]
        ids = [site.host_id(first.moid), site.host_id(second.moid)]
        site.site.faults.set("vsan_unread")
        job_id = site.roll(
            firmware="packages", packages=site.package("15.1.1"), hosts=ids, order=ids, settle_minutes=0.02
        )
        asked = site.question(job_id, 90)
        assert f"{first.name} is not taken" in asked.question
        assert "its state could not be asked" in asked.question
        assert not first.maintenance
        site.answer("go_on")
        site.until(
            lambda: any("is in service again" in q.question for q in site.questions()),
            lambda: site.log(job_id),
            180,
        )
        assert first.name in site.answer("stop").question
        site.wait(job_id, 90)
        ends = {h["name"]: h["standing"] for h in site.result(job_id)["hosts"]}
        assert ends[first.name] == "failed", site.log(job_id)
        assert ends[second.name] == "not_begun"
        assert not second.maintenance

        job, task = site.run("prepare_host", [ids[1]], **QUICK)
        assert job.state == "completed", task.outcome
        back = site.submit("verify_host", [ids[1]], **(QUICK | {"settle_minutes": 0.02}))
        assert site.question(back).options[1]["danger"]
        site.site.faults.clear()
        site.answer("retry")
        assert site.wait(back).state == "completed"
