"""What the commands print: formats of esxcli, vim-cmd, and the small tools of the shell."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dsm_desktop.simulator.clock import SimClock
from dsm_desktop.simulator.esxi import Datastore, Esxi, EsxiSpec, EsxiSsh, Vib, dell_image, vmware_image
from tests.simulator.esxi.conftest import DEPOT, OLD, Lab, Make

SHELL_LINES = (
    ("echo one; false; echo $?", "one\n1\n", 0),
    ("true && echo yes || echo no", "yes\n", 0),
    ("false && echo yes || echo no", "no\n", 0),
    ("echo 'a  b' \"c $USER\" | wc -w", "4\n", 0),
    ("printf x", "", 127),
    ("nonsense --at all", "", 127),
    ("sh -c 'exit 5'; echo $?", "5\n", 0),
    ("exit 4; echo never", "", 4),
    ("A=7; echo \"<$A>\" '$A' $(echo in)", "<7> $A in\n", 0),
    ("cd /vmfs/volumes; pwd; ls", "/vmfs/volumes\nshared\n{uuid}\n", 0),
    ("echo x > /tmp/f; echo y >> /tmp/f; cat < /tmp/f", "x\ny\n", 0),
    ("ls /nowhere 2>&1 | grep -c 'No such'", "1\n", 0),
    ("ls /nowhere > /tmp/out 2>&1; cat /tmp/out", "ls: /nowhere: No such file or directory\n", 0),
    ("test -d /vmfs/volumes/shared && [ ! -e /tmp/none ] && echo fine", "fine\n", 0),
    ("hostname; uname", "esx01\nVMkernel\n", 0),
    ("vmware -vl", "VMware ESXi 8.0.3 build-24022510\nVMware ESXi 8.0.3 Update 3\n", 0),
    ("echo (", "", 2),
    ("mkdir /tmp/once && mkdir /tmp/once; echo $?; mkdir -p /tmp/once; echo $?", "1\n0\n", 0),
    ("grep", "", 1),
    ("sleep soon", "", 1),
    ("esxcli system settings advanced set -o /UserVars/ESXiShellTimeOut -i soon | wc -l", "1\n", 0),
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, bundle: Path) -> Iterator[Lab]:
    """One host of Dell's make for the whole file."""
    clock, store = SimClock(1000.0), Datastore("shared")
    image = dell_image("8.0.3", OLD, "A01", "0.0")
    host = Esxi(EsxiSpec("esx01.lab.example", image=image, address="127.88.90.1", tag="ABC1234"), clock)
    host.datastores.append(store)
    host.add_guest("web01")
    host.add_guest("db01", runs=False, tools=False)
    store.put("depots/esxi.zip", bundle, clock.now())
    ssh = EsxiSsh([host])
    ssh.start()
    lab = Lab([host], ssh, clock, store)
    lab.open()
    lab.client()
    yield lab
    lab.close()


def test_the_version_in_every_format(shared: Lab) -> None:
    fields = {
        "Product": "VMware ESXi",
        "Version": "8.0.3",
        "Build": f"Releasebuild-{OLD}",
        "Update": "3",
        "Patch": "0",
    }
    text = shared.run("esxcli system version get").out
    assert text == "".join(f"   {name}: {value}\n" for name, value in fields.items())
    rows = list(csv.DictReader(io.StringIO(shared.run("esxcli --formatter=csv system version get").out)))
    assert {k: v for k, v in rows[0].items() if k} == fields
    assert json.loads(shared.run("esxcli --formatter=json system version get").out) == fields
    pairs = shared.run("esxcli --formatter keyvalue system version get").out.splitlines()
    assert dict(p.split("=", 1) for p in pairs) == {f"VersionGet.{k}.string": v for k, v in fields.items()}
    root = ElementTree.fromstring(shared.run("esxcli --formatter=xml system version get").out)
    space = "{http://www.vmware.com/Products/ESX/5.0/esxcli/}"
    assert {f.get("name"): f.findtext(f"{space}string") for f in root.iter(f"{space}field")} == fields


def test_older_hosts_know_no_json(make: Make) -> None:
    lab = make(vmware_image("7.0.3", "23794027", letter="q"))
    lab.open()
    answer = lab.run("esxcli --formatter=json system version get")
    assert (answer.status, "Available formatters: xml, csv, keyvalue" in answer.out) == (1, True)


def test_lists_as_table_and_as_csv_say_the_same(shared: Lab) -> None:
    table = shared.run("esxcli software vib list").out.splitlines()
    assert table[0].split() == [
        "Name",
        "Version",
        "Vendor",
        "Acceptance",
        "Level",
        "Install",
        "Date",
        "Platforms",
    ]
    rows = list(csv.DictReader(io.StringIO(shared.run("esxcli --formatter=csv software vib list").out)))
    assert [line.split()[0] for line in table[2:]] == [row["Name"] for row in rows]
    base = next(row for row in rows if row["Name"] == "esx-base")
    assert base["Version"] == f"8.0.3-0.0.{OLD}"
    assert {row["AcceptanceLevel"] for row in rows} == {"VMwareCertified", "PartnerSupported"}


def test_profiles_of_a_depot_and_where_it_lies_by_name_and_by_uuid(shared: Lab) -> None:
    by_uuid = DEPOT.replace("shared", shared.store.uuid)
    answers = [
        shared.run(f"esxcli --formatter=csv software sources profile list -d {p}").out
        for p in (DEPOT, by_uuid)
    ]
    assert answers[0] == answers[1]
    rows = list(csv.DictReader(io.StringIO(answers[0])))
    assert [(r["Name"], r["Vendor"]) for r in rows] == [
        ("DEL-ESXi_803.24674464-A04", "Dell Inc."),
        ("ESXi-8.0U3e-24674464-no-tools", "VMware, Inc."),
        ("ESXi-8.0U3e-24674464-standard", "VMware, Inc."),
    ]


@pytest.mark.parametrize(
    ("depot", "reason"),
    [
        ("depots/esxi.zip", "No such file"),
        ("/vmfs/volumes/shared/none.zip", "No such file"),
        ("/vmfs/volumes/shared/depots/no.zip", "File is not a zip file"),
        ("https://updates.example/index.xml", "Temporary failure in name resolution"),
    ],
)
def test_depots_that_cannot_be_read(shared: Lab, depot: str, reason: str) -> None:
    shared.store.put("depots/no.zip", b"an ISO image, perhaps", 0.0)
    answer = shared.run(f"esxcli software sources profile list -d {depot}")
    assert answer.status == 1
    assert answer.out.startswith(" [MetadataDownloadError]\n Could not download from depot at ")
    assert reason in answer.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("esxcli software profile update -p X", "Error: Missing required parameter -d|--depot\n"),
        ("esxcli software profile update --wrong", "Error: Invalid option --wrong\n"),
        ("esxcli no such thing", "Error: Unknown command or namespace no such thing\n"),
        ("esxcli --formatter=yaml system version get", "Error: Invalid formatter yaml"),
        (
            "esxcli system settings advanced set -o /No/Such -i 1",
            "Unable to find branch or option /No/Such\n",
        ),
        ("esxcli vsan cluster get", "vSAN Clustering is not enabled on this host\n"),
        ("esxcli system shutdown reboot -r x", "The operation is not allowed"),
        ("esxcli system maintenanceMode set -e false", "Maintenance mode is already disabled.\n"),
    ],
)
def test_mistakes_are_answered_with_status_one(shared: Lab, line: str, message: str) -> None:
    answer = shared.run(line)
    assert answer.status == 1
    assert answer.out.startswith(message)


@pytest.mark.parametrize(("line", "out", "status"), SHELL_LINES)
def test_the_shell(shared: Lab, line: str, out: str, status: int) -> None:
    answer = shared.run(line)
    assert (answer.out, answer.status) == (out.replace("{uuid}", shared.store.uuid), status)


def test_identity_of_the_hardware(shared: Lab) -> None:
    answer = shared.run("esxcli hardware platform get")
    assert answer.field("Serial Number") == "ABC1234"
    assert answer.field("UUID").startswith("0x4c 0x4c 0x45 0x44")
    assert (
        shared.run("esxcli system hostname get").field("Fully Qualified Domain Name") == "esx01.lab.example"
    )


def test_space_is_told_alike_by_esxcli_and_df(shared: Lab) -> None:
    rows = list(csv.DictReader(io.StringIO(shared.run("esxcli --formatter=csv storage filesystem list").out)))
    mine = next(row for row in rows if row["VolumeName"] == "shared")
    assert int(mine["Free"]) == shared.store.free
    line = next(li for li in shared.run("df").out.splitlines() if li.endswith("/vmfs/volumes/shared"))
    assert line.split()[1:4] == [mine["Size"], str(int(mine["Size"]) - int(mine["Free"])), mine["Free"]]
    assert "BOOTBANK1" in shared.run("df -h").out


def test_files_of_a_store(shared: Lab, bundle: Path) -> None:
    digest = hashlib.sha256(bundle.read_bytes()).hexdigest()
    assert shared.run(f"sha256sum {DEPOT}").out == f"{digest}  {DEPOT}\n"
    assert shared.run(f"stat -c %s {DEPOT}").out == f"{bundle.stat().st_size}\n"
    assert "esxi.zip" in shared.run("ls -l /vmfs/volumes/shared/depots").out
    shared.store.put("old/a.zip", b"x", 0.0)
    assert shared.run("rm /vmfs/volumes/shared/old/a.zip && ls /vmfs/volumes/shared/old").status == 1
    assert shared.host.journal.effects()["remove:/vmfs/volumes/shared/old/a.zip"] == 1


def test_advanced_settings_are_read_and_set_and_bounded(shared: Lab) -> None:
    path = "/UserVars/SuppressShellWarning"
    assert shared.run(f"esxcli system settings advanced list -o {path}").field("Int Value") == "0"
    assert shared.run(f"esxcli system settings advanced set -o {path} -i 1").status == 0
    assert shared.run(f"esxcli system settings advanced list --option={path}").field("Int Value") == "1"
    assert shared.run(f"esxcli system settings advanced set -o {path} -i 5").status == 1


def test_the_recovery_key_is_shown_and_not_kept_in_the_journal(shared: Lab) -> None:
    assert shared.run("esxcli system settings encryption get").field("Mode") == "TPM"
    out = shared.run("esxcli system settings encryption recovery list").out
    assert shared.host.recovery_key in out
    assert shared.host.recovery_key not in repr(shared.host.journal.changes())


def test_machines_are_listed_and_shut_down_when_their_tools_run(make: Make) -> None:
    lab = make(speed=0.0)
    lab.host.add_guest("web01")
    lab.host.add_guest("old", tools=False)
    lab.open()
    listed = lab.run("vim-cmd vmsvc/getallvms").out.splitlines()
    assert listed[0].split() == ["Vmid", "Name", "File", "Guest", "OS", "Version", "Annotation"]
    assert listed[1].split()[:4] == ["1", "web01", "[datastore1]", "web01/web01.vmx"]
    assert lab.run("vim-cmd vmsvc/power.shutdown 1").status == 0
    assert lab.run("vim-cmd vmsvc/power.getstate 1").out == "Retrieved runtime info\nPowered on\n"
    lab.clock.advance(60)
    assert lab.run("vim-cmd vmsvc/power.getstate 1").out == "Retrieved runtime info\nPowered off\n"
    refused = lab.run("vim-cmd vmsvc/power.shutdown 2")
    assert (refused.status, "ToolsUnavailable" in refused.out) == (1, True)
    assert lab.run("vim-cmd vmsvc/power.getstate 9").status == 1


def test_maintenance_mode_waits_for_running_machines(make: Make) -> None:
    lab = make()
    guest = lab.host.add_guest("web01")
    lab.open()
    late = lab.run("esxcli system maintenanceMode set --enable true --timeout 60")
    assert (late.status, "timed out" in late.out) == (1, True)
    waiting = lab.start("vim-cmd hostsvc/maintenance_mode_enter")
    lab.host.power_guest(guest.number, "Powered off")
    assert waiting.recv_exit_status() == 0
    assert (
        lab.run("vim-cmd hostsvc/hostsummary | grep inMaintenanceMode").out.strip()
        == "inMaintenanceMode = true,"
    )
    assert lab.run("vim-cmd vmsvc/power.on 1").status == 1
    assert lab.run("vim-cmd hostsvc/maintenance_mode_exit").status == 0
    assert lab.run("esxcli system maintenanceMode get").out == "Disabled\n"


def test_swap_goes_to_a_store_that_exists(shared: Lab) -> None:
    line = "esxcli sched swap system set --datastore-enabled true --datastore-name"
    assert shared.run(f"{line} nowhere").status == 1
    assert shared.run(f"{line} shared").status == 0
    assert shared.run("esxcli sched swap system get").field("Datastore Name") == "shared"


def test_a_host_of_a_vsan_cluster_says_so(make: Make) -> None:
    lab = make()
    lab.host.datastores.append(Datastore("vsanDatastore", kind="vsan"))
    lab.open()
    assert lab.run("esxcli vsan cluster get").field("Local Node Health State") == "HEALTHY"
    assert lab.run("esxcli vsan debug resync summary get").field("Total Bytes Left To Resync") == "0 bytes"
    lab.host.vsan.resync_bytes, lab.host.vsan.inaccessible, lab.host.vsan.health = 3 << 30, 2, "red"
    assert lab.run("esxcli vsan debug resync summary get").field("Total Bytes Left To Resync") == "3.00 GB"
    objects = lab.run("esxcli --formatter=csv vsan debug object health summary get").out.splitlines()
    assert objects == [
        "HealthStatus,NumberOfObjects,",
        "reduced-availability-with-no-rebuild,0,",
        "inaccessible,2,",
        "healthy,120,",
    ]
    assert lab.run("esxcli vsan health cluster list | grep Overall").out.split()[-1] == "red"


def test_a_boot_device_is_told_from_the_others(make: Make) -> None:
    lab = make(boot_device="SD")
    lab.open()
    rows = list(csv.DictReader(io.StringIO(lab.run("esxcli --formatter=csv storage core device list").out)))
    assert [(r["Model"], r["IsUSB"], r["IsBootDevice"]) for r in rows] == [
        ("IDSDM", "true", "true"),
        ("PERC H755 Front", "false", "false"),
    ]
    assert lab.run("esxcli hardware trustedboot get").field("Tpm Present") == "true"


def test_maintenance_mode_that_never_comes_can_be_interrupted(make: Make) -> None:
    lab = make()
    lab.host.faults.set("maintenance_stuck")
    lab.open()
    channel = lab.start("vim-cmd hostsvc/maintenance_mode_enter", pty=True)
    channel.send(b"\x03")
    assert channel.recv_exit_status() == 130
    assert (
        lab.run("vim-cmd hostsvc/runtimeinfo | grep inMaintenanceMode").out.strip()
        == "inMaintenanceMode = false,"
    )


def test_links_of_stores(shared: Lab) -> None:
    assert shared.run(f"readlink -f {DEPOT}").out == f"/vmfs/volumes/{shared.store.uuid}/depots/esxi.zip\n"
    assert shared.run("readlink -f /vmfs/volumes/none").status == 1


def test_secure_boot_names_the_vib_that_stands_in_its_way(make: Make) -> None:
    plain = vmware_image("8.0.3", OLD)
    loose = Vib("net-community", "1.0-1", "COM", "CommunitySupported")
    lab = make(dataclasses.replace(plain, vibs=(*plain.vibs, loose)))
    lab.open()
    answer = lab.run("/usr/lib/vmware/secureboot/bin/secureBoot.py -c")
    assert "CANNOT be enabled" in answer.out
    assert "net-community" in answer.out


def test_the_configuration_is_saved_and_services_are_steered(shared: Lab) -> None:
    assert shared.run("vim-cmd hostsvc/firmware/sync_config").status == 0
    assert shared.run("vim-cmd hostsvc/firmware/backup_config").out.startswith(
        "Bundle can be downloaded at : http://*/"
    )
    assert shared.run("vim-cmd hostsvc/enable_ssh; vim-cmd hostsvc/start_esx_shell").status == 0
    assert (shared.host.service("TSM-SSH").policy, shared.host.service("TSM").running) == ("on", True)
    assert shared.run("vim-cmd hostsvc/no_such_thing").status == 1
