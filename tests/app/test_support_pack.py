"""The support pack holds what helps, no secret, and no name when none is wanted."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from dsm_desktop.app.application import Application
from dsm_desktop.queries.export import ExportFailed
from dsm_desktop.store.models import ApiCall, JobTask
from tests.ui.kit import LOGINS, make_app
from tests.ui.seed import seed_site

SECRET = "s3cret-of-the-site"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Application]:
    made = make_app(tmp_path, fill=seed_site, logins=True)
    yield made
    made.close()


def contents(file: Path) -> dict[str, str]:
    with zipfile.ZipFile(file) as pack:
        return {name: pack.read(name).decode() for name in pack.namelist()}


def test_nothing_secret_and_no_name_is_in_it(app: Application, tmp_path: Path) -> None:
    with app.store.write() as uow:
        task = uow.session.scalars(select(JobTask).where(JobTask.error.is_not(None))).first()
        assert task is not None
        task.error = {
            "code": "LoginRefused",
            "message": f"https://root:{SECRET}@10.20.0.21/ refused rack01-u05",
        }
        uow.session.add(
            ApiCall(
                at=uow.now, protocol="redfish", host="10.20.0.21", method="GET", path="/redfish/v1",
                changing=False, status=0, error=f"password={SECRET}",
            )
        )  # fmt: skip
    app.secrets.add(SECRET)
    (app.profile / "reports" / "runner.log").write_text(f"Basic {SECRET}\nrack01-u05 at 10.20.0.21\n")
    inside = app.support.write(tmp_path / "pack.zip", names=False)
    found = contents(tmp_path / "pack.zip")
    assert inside == list(found)
    whole = "\n".join(found.values())
    for login in LOGINS:
        assert login.password is not None
        assert login.password not in whole
    assert "10.20.0." not in whole
    assert "rack01-u05" not in whole
    assert "server-" in found["failed-jobs.json"]
    assert json.loads(found["servers.json"])[0]["model"]
    assert json.loads(found["diagnostics.json"])["runners"]
    assert "schema" in found["about.txt"]
    assert "reports/runner.log" in found


def test_with_names_they_are_there_and_a_bad_place_is_told(app: Application, tmp_path: Path) -> None:
    app.support.write(tmp_path / "pack.zip", names=True)
    assert "10.20." in "\n".join(contents(tmp_path / "pack.zip").values())
    with pytest.raises(ExportFailed):
        app.support.write(tmp_path / "none" / "pack.zip", names=True)
