"""`report`, `search`, `audit` and `servers import` as a scheduler would call them."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dsm_desktop.app.context import FirstRunChoices
from dsm_desktop.app.first_run import FirstRun
from dsm_desktop.app.profile import Profile
from dsm_desktop.cli.main import main
from dsm_desktop.store.engine import open_engines
from dsm_desktop.store.unit_of_work import Store
from tests.queries.fleet import seed

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command on a profile that holds the small fleet; its exit code and what it said."""
    profile = Profile(tmp_path / "profile")
    FirstRun(profile).create(FirstRunChoices(key="file", key_file=tmp_path / "site.key"))
    store = Store(open_engines(profile.store_url(profile.load())))
    seed(store)
    store.close()

    def command(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["--profile", str(profile.folder), *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


def test_reports_are_written_by_command(run: Run, tmp_path: Path) -> None:
    code, said = run("report", "monthly", "--out", tmp_path / "pack.xlsx", "--since", "1d")
    assert code == 0, said
    with zipfile.ZipFile(tmp_path / "pack.xlsx") as book:
        names = book.read("xl/workbook.xml").decode()
    for sheet in (
        "dServer",
        "dFirmware",
        "dDrive",
        "dMemory",
        "dNic",
        "dPsu",
        "dLicence",
        "dChanges",
        "dHealth",
    ):
        assert f'name="{sheet}"' in names
        assert sheet in said
    code, said = run("report", "changes", "--since", "1d", "--out", tmp_path / "changes.csv")
    assert code == 0, said
    with (tmp_path / "changes.csv").open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {r["Subject"] for r in rows} >= {"Drive Bay 0", "BIOS", "host name"}
    assert run("report", "servers", "--query", "tags:production", "--out", tmp_path / "s.html") == (
        0,
        f"{tmp_path / 's.html'}: 2 rows.\n",
    )
    assert "51.16.0-4076" in run("report", "firmware")[1]
    assert "0FPF7R" in run("report", "spare-parts", "--query", "model:R640")[1]
    assert run("report", "changes", "--since", "soon")[0] == 2
    assert run("report", "monthly", "--out", tmp_path / "pack.pdf")[0] == 2
    code, said = run("report", "servers", "--query", "nosuch:1", "--out", tmp_path / "s.csv")
    assert code == 2
    assert "no column 'nosuch'" in said


def test_search_by_command(run: Run) -> None:
    code, said = run("search", "--json", "E4:43:4B:11:22:03")
    assert code == 0
    assert [hit["server_id"] for hit in json.loads(said)] == [3]
    assert run("search", "nothing-like-it")[0] == 1


def test_audit_by_command(run: Run, tmp_path: Path) -> None:
    code, said = run("audit", "verify")
    assert code == 0
    head = said.split("Head: ", 1)[1].strip()
    assert run("audit", "verify", "--head", head)[0] == 0
    wrong = head[:-1] + ("0" if head[-1] != "0" else "1")
    assert run("audit", "verify", "--head", wrong)[0] == 1
    assert {e["action"] for e in json.loads(run("audit", "list", "--json", "--action", "racks.")[1])} == {
        "racks.add",
        "racks.place",
    }
    assert run("audit", "export", tmp_path / "audit.jsonl")[0] == 0
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert [e["id"] for e in lines] == list(range(1, len(lines) + 1))
    assert f"{lines[-1]['id']}:{lines[-1]['hash']}" == head


def test_import_by_command(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "Box,Mgmt,Owner\nesx-50,10.0.0.50,Team Z\nesx-51,not an ip,\nesx-01,10.0.0.1,\n", encoding="utf-8"
    )
    options = ("--map", "Mgmt=address", "--map", "Box=name")
    code, said = run("servers", "import", file, *options, "--bad", tmp_path / "bad.csv")
    assert code == 1
    assert "Nothing was imported" in said
    with (tmp_path / "bad.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [row["Line"] for row in csv.DictReader(stream)] == ["3", "4"]
    assert "would be added" in run("servers", "import", file, *options, "--skip-bad", "--dry-run")[1]
    code, said = run("servers", "import", file, *options, "--skip-bad")
    assert (code, "1 servers were added" in said) == (0, True)
    found = json.loads(run("servers", "list", "--json", "--query", "name:esx-50")[1])
    assert [s["address"] for s in found] == ["10.0.0.50"]
    assert run("servers", "import", file, "--map", "Nope=address")[0] == 2
