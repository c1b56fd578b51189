"""How many hosts of a cluster a run has out at once: never more than the cluster can spare, whatever was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.operations.vsphere_site import RollSite, roll_site

pytestmark = pytest.mark.shared_program


def most_out(site: RollSite, job_id: int) -> int:
    """The most hosts that were out at one moment of a job; waits for its end."""
    most = 0

    def over() -> bool:
        nonlocal most
        most = max(most, sum(h.maintenance or bool(h.evacuation) for h in site.cluster.hosts))
        asked = [q.question for q in site.questions()]
        assert asked == [], asked
        return site.job(job_id).state in ("completed", "failed", "cancelled")

    site.until(over, lambda: site.log(job_id), 150)
    return most


@pytest.mark.parametrize(
    ("hosts", "wanted", "cluster", "expected"),
    [
        # HA needs two that stay.
        (4, 3, {}, 2),
        # vSAN: one at a time, as the plan says.
        (3, 2, {"vsan": True}, 1),
    ],
)
def test_no_more_than_the_plan_calls_possible(
    tmp_path: Path, hosts: int, wanted: int, cluster: dict[str, Any], expected: int
) -> None:
    with roll_site(tmp_path, hosts, **cluster) as site:
        job_id = site.roll(
            firmware="packages", packages=site.package("9.1.1"), parallel=wanted, first=0, spare_host=False
        )
        assert most_out(site, job_id) == expected, site.log(job_id)
        result = site.result(job_id)
        assert [h["standing"] for h in result["hosts"]] == ["done"] * hosts, site.log(job_id)
        assert len(result["plan"]["largest_out"]) == expected
