"""Settings by section: defaults, bounds in words, every change audited, a newer program's values kept."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from dsm_desktop.core.errors import BadInput
from dsm_desktop.core.settings import SECTIONS, NetworkSettings, RetentionSettings, Section
from dsm_desktop.store import audit, settings
from dsm_desktop.store.models import Setting
from dsm_desktop.store.unit_of_work import Store


@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.name)
def test_every_setting_has_a_title_and_default_and_round_trips(site: Store, section: type[Section]) -> None:
    assert section.title
    assert section.__doc__
    assert all(field.title for field in section.model_fields.values())
    assert settings.load(site, section) == section()
    with site.write() as uow:
        settings.save(uow, section(), "anna")
    assert settings.load(site, section) == section()


def test_a_change_is_audited_with_before_and_after(site: Store) -> None:
    for value in (1, 3):
        with site.write() as uow:
            settings.save(uow, NetworkSettings(per_device=value), "anna")
    assert settings.load(site, NetworkSettings).per_device == 3
    with site.read() as connection:
        rows = list(audit.entries(connection))
    assert [r["subject"] for r in rows] == ["network", "network"]
    assert rows[1]["detail"] == {"changed": {"per_device": [1, 3]}}


def test_wrong_values_are_refused_in_words() -> None:
    section = RetentionSettings()
    assert settings.edited(section, {"jobs": 10}).jobs == 10
    with pytest.raises(BadInput, match=r"Finished jobs \(days\)"):
        settings.edited(section, {"jobs": -1})
    with pytest.raises(BadInput, match="colour"):
        settings.edited(section, {"colour": "red"})


def test_unusable_stored_values_fall_back_alone_and_unknown_ones_stay(
    site: Store, caplog: pytest.LogCaptureFixture
) -> None:
    stored = {"per_device": 99, "in_all": 100, "from_the_future": [1]}
    with site.write() as uow:
        uow.session.add(Setting(key="network", value=stored, changed_at=uow.now))
    found = settings.load(site, NetworkSettings)
    assert (found.per_device, found.in_all) == (2, 100)
    assert "per_device" in caplog.text
    with site.write() as uow:
        settings.save(uow, found, "anna")
    with site.read() as connection:
        value = connection.scalar(select(Setting.value).where(Setting.key == "network"))
    assert value is not None
    assert value["from_the_future"] == [1]
