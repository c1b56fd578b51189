"""Which image profile an operator would take, and which build a name or a dry run tells of."""

from __future__ import annotations

import pytest

from dsm_desktop.vmware.esxi.errors import ProfileNotFound
from dsm_desktop.vmware.esxi.facts import Profile, UpdateResult
from dsm_desktop.workflows.esxi_facts import EsxiFacts, choose_profile, target_of

DELL, PLAIN, BARE = (
    "DEL-ESXi_803.24674464-A04",
    "ESXi-8.0U3e-24674464-standard",
    "ESXi-8.0U3e-24674464-no-tools",
)


def facts(*names: str, vendor: str = "Dell Inc.") -> EsxiFacts:
    profiles = [Profile(name=name) for name in names]
    return EsxiFacts(
        moid="host-1",
        name="esx1",
        version="8.0.3",
        build="24022510",
        image="x",
        vendor=vendor,
        profiles=profiles,
    )


@pytest.mark.parametrize(
    ("names", "vendor", "chosen"),
    [
        ((DELL, BARE, PLAIN), "Dell Inc.", DELL),
        ((DELL, BARE, PLAIN), "Lenovo", PLAIN),
        ((BARE,), "Dell Inc.", BARE),
        (("ESXi-8.0U3d-24585383-standard", PLAIN), "Dell Inc.", PLAIN),
    ],
)
def test_without_a_name(names: tuple[str, ...], vendor: str, chosen: str) -> None:
    assert choose_profile(facts(*names, vendor=vendor), "").name == chosen


def test_the_exact_name_or_none() -> None:
    assert choose_profile(facts(DELL, BARE), BARE).name == BARE
    with pytest.raises(ProfileNotFound, match="no-tools"):
        choose_profile(facts(BARE), PLAIN)
    with pytest.raises(ProfileNotFound, match="Which"):
        choose_profile(facts("ESXi-7.0U3w-24784741-standard", PLAIN), "")
    with pytest.raises(ProfileNotFound):
        choose_profile(facts(), "")


def test_the_build_by_name_or_by_what_would_be_installed() -> None:
    assert target_of(Profile(name=DELL), None) == ("8.0.3", "24674464")
    would = UpdateResult(message="", installed=["VMware_bootbank_esx-base_8.0.3-0.70.24674464"])
    assert target_of(Profile(name="Our own image"), would) == ("8.0.3", "24674464")
    assert target_of(Profile(name="Our own image"), None) == ("", "")
