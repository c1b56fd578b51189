"""Changing clusters, services, lockdown, alarms and files of the simulated vCenter."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from dsm_desktop.simulator.vsphere import Blocker, VsphereSite
from dsm_desktop.simulator.vsphere.vmomi import vim, vmodl
from tests.simulator.vsphere.conftest import Client, Connect

C: Any = vim.cluster


def reconfigure(client: Client, cluster: Any, modify: bool = True, **fields: Any) -> Any:
    spec = C.ConfigSpecEx(**fields)
    return client.wait(client.stored(cluster).ReconfigureComputeResource_Task(spec, modify))


# -- clusters ----------------------------------------------------------------------------------------------------


def test_only_what_was_sent_changes(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Prod")
    before = client.stored(cluster).configurationEx
    reconfigure(client, cluster, dasConfig=C.DasConfigInfo(admissionControlEnabled=False))
    after = client.stored(cluster).configurationEx
    assert before.dasConfig.admissionControlEnabled is True
    assert after.dasConfig.admissionControlEnabled is False
    assert after.dasConfig.enabled is True
    assert after.dasConfig.hostMonitoring == before.dasConfig.hostMonitoring
    assert after.drsConfig.enabled is True


def test_without_modify_everything_else_falls_back(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Prod")
    site.put(Blocker.MUST_RUN_HERE, vm=site.vms[0].name)
    reconfigure(client, cluster, modify=False, dasConfig=C.DasConfigInfo(admissionControlEnabled=False))
    after = client.stored(cluster).configurationEx
    assert (after.dasConfig.enabled, after.drsConfig.enabled) == (False, False)
    assert (list(after.rule), list(after.group)) == ([], [])


def test_percentages_do_not_last_while_they_are_computed(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Prod")
    policy = C.FailoverResourcesAdmissionControlPolicy(
        cpuFailoverResourcesPercent=10,
        memoryFailoverResourcesPercent=10,
        failoverLevel=1,
        autoComputePercentages=True,
    )
    reconfigure(client, cluster, dasConfig=C.DasConfigInfo(admissionControlPolicy=policy))
    kept = client.stored(cluster).configurationEx.dasConfig.admissionControlPolicy
    assert kept.memoryFailoverResourcesPercent == 34
    policy.autoComputePercentages = False
    reconfigure(client, cluster, dasConfig=C.DasConfigInfo(admissionControlPolicy=policy))
    kept = client.stored(cluster).configurationEx.dasConfig.admissionControlPolicy
    assert kept.memoryFailoverResourcesPercent == 10


def test_options_are_merged_by_key(site: VsphereSite, client: Client) -> None:
    cluster = site.cluster("Prod")
    for key, value in (("A", "1"), ("B", "2"), ("A", "3"), ("B", "")):
        option = vim.option.OptionValue(key=key, value=value)
        reconfigure(client, cluster, drsConfig=C.DrsConfigInfo(option=[option]))
    kept = client.stored(cluster).configurationEx.drsConfig.option
    assert [(o.key, o.value) for o in kept] == [("A", "3")]


def test_a_rule_can_be_switched_off_and_on_again(site: VsphereSite, client: Client) -> None:
    cluster, vm = site.cluster("Prod"), site.vms[0]
    site.put(Blocker.MUST_RUN_HERE, vm=vm.name)
    (rule,) = client.stored(cluster).configurationEx.rule
    host = client.stored(vm.host)
    assert client.stored(cluster).EnterMaintenanceMode([host]).fault is not None
    rule.enabled = False
    reconfigure(client, cluster, rulesSpec=[C.RuleSpec(operation="edit", info=rule)])
    assert client.stored(cluster).EnterMaintenanceMode([host]).fault is None
    (now,) = client.stored(cluster).configurationEx.rule
    assert (now.key, now.name, now.enabled) == (rule.key, rule.name, False)
    half = C.VmHostRuleInfo(key=rule.key, enabled=True)
    refused = reconfigure(client, cluster, rulesSpec=[C.RuleSpec(operation="edit", info=half)])
    assert isinstance(refused.error, vmodl.fault.InvalidArgument)


def test_rules_and_overrides_come_and_go(site: VsphereSite, client: Client) -> None:
    cluster, vms = site.cluster("Prod"), site.vms[:2]
    rule = C.AntiAffinityRuleSpec(name="apart", enabled=True, vm=[client.stored(v) for v in vms])
    override = C.DrsVmConfigInfo(key=client.stored(vms[0]), enabled=True, behavior="manual")
    reconfigure(
        client,
        cluster,
        rulesSpec=[C.RuleSpec(operation="add", info=rule)],
        drsVmConfigSpec=[C.DrsVmConfigSpec(operation="add", info=override)],
    )
    config = client.stored(cluster).configurationEx
    assert [r.name for r in config.rule] == ["apart"]
    assert config.drsVmConfig[0].behavior == "manual"
    info = reconfigure(
        client,
        cluster,
        rulesSpec=[C.RuleSpec(operation="remove", removeKey=config.rule[0].key)],
        drsVmConfigSpec=[C.DrsVmConfigSpec(operation="remove", removeKey=client.stored(vms[0]))],
    )
    assert info.state == "success"
    config = client.stored(cluster).configurationEx
    assert (list(config.rule), list(config.drsVmConfig)) == ([], [])
    wrong = reconfigure(client, cluster, rulesSpec=[C.RuleSpec(operation="remove", removeKey=4711)])
    assert isinstance(wrong.error, vmodl.fault.InvalidArgument)


# -- hosts -------------------------------------------------------------------------------------------------------


def test_services_start_stop_and_keep_their_policy(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    system = client.stored(host).configManager.serviceSystem

    def ssh() -> tuple[bool, str]:
        row = next(s for s in system.serviceInfo.service if s.key == "TSM-SSH")
        return row.running, row.policy

    assert ssh() == (False, "off")
    system.StartService("TSM-SSH")
    system.UpdateServicePolicy("TSM-SSH", "on")
    assert ssh() == (True, "on")
    assert host.esxi.listens()
    system.StopService("TSM-SSH")
    system.UpdateServicePolicy("TSM-SSH", "off")
    assert ssh() == (False, "off")
    with pytest.raises(vim.fault.NotFound):
        system.StartService("nothing")
    assert [a.method for a in site.journal(target=host.name)] == [
        "StartService",
        "UpdateServicePolicy",
        "StopService",
        "UpdateServicePolicy",
        "StartService",
    ]


def test_lockdown_and_advanced_settings_reach_the_host(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    access = client.stored(host).configManager.hostAccessManager
    access.ChangeLockdownMode("lockdownNormal")
    assert client.read(host, "config.lockdownMode") == {"config.lockdownMode": "lockdownNormal"}
    access.ChangeLockdownMode("lockdownDisabled")
    options = client.stored(host).configManager.advancedOption
    key = "UserVars.SuppressShellWarning"
    options.UpdateOptions([vim.option.OptionValue(key=key, value=1)])
    assert options.QueryOptions(key)[0].value == 1
    with pytest.raises(vim.fault.InvalidName):
        options.QueryOptions("UserVars.Nonsense")


def test_what_is_done_over_another_way_is_noticed(site: VsphereSite, client: Client) -> None:
    host = site.hosts[-1]
    vm = host.vms[0]
    host.esxi.power_guest(vm.guest.number, "Powered off", via="SSH")
    assert site.wait_for(lambda: not vm.on)
    assert client.read(vm, "runtime.powerState") == {"runtime.powerState": "poweredOff"}


def test_clocks_can_be_compared(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    site.put(Blocker.CLOCK_SKEW, host=host.name)
    told = client.stored(host).configManager.dateTimeSystem.QueryDateTime()
    assert (told - client.si.CurrentTime()).total_seconds() > 30


def test_alarms_are_acknowledged_and_their_actions_switched_off(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    site.put(Blocker.ALARM, host=host.name)
    (state,) = client.content.rootFolder.triggeredAlarmState
    assert (state.entity._moId, state.acknowledged, state.overallStatus) == (host.moid, False, "red")
    assert state.alarm.info.systemName == "alarm.HostHardwarePowerAlarm"
    manager = client.content.alarmManager
    manager.AcknowledgeAlarm(state.alarm, client.stored(host))
    assert client.stored(host).triggeredAlarmState[0].acknowledged is True
    manager.EnableAlarmActions(client.stored(host), False)
    assert client.stored(host).alarmActionsEnabled is False


def test_hosts_can_be_marked(site: VsphereSite, client: Client) -> None:
    host, manager = site.hosts[0], client.content.customFieldsManager
    field = manager.AddFieldDefinition("job", vim.HostSystem)
    manager.SetField(client.stored(host), field.key, "roll 7")
    assert [(v.key, v.value) for v in client.stored(host).customValue] == [(field.key, "roll 7")]
    assert [f.name for f in manager.field] == ["job"]
    manager.SetField(client.stored(host), field.key, "")
    assert list(client.stored(host).customValue) == []


def test_links_of_a_host_can_be_compared(site: VsphereSite, client: Client) -> None:
    host = site.hosts[0]
    before = client.read(host, "config.network.pnic")["config.network.pnic"]
    assert [n.linkSpeed.speedMb for n in before] == [25000] * 4
    site.put(Blocker.LINK_DOWN, host=host.name)
    after = client.read(host, "config.network.pnic")["config.network.pnic"]
    assert [n.device for n in after if n.linkSpeed is None] == ["vmnic1"]


# -- files -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(site: VsphereSite, client: Client) -> Iterator[Any]:
    """Sends a request to /folder with the client's session."""
    connection = http.client.HTTPSConnection(site.address, site.port, context=client.context, timeout=60)

    def send(
        verb: str, path: str, body: bytes | None = None, store: str = "prod-iso", cookie: str | None = None
    ) -> tuple[int, bytes]:
        headers = {"Cookie": client.stub.cookie if cookie is None else cookie}
        url = f"/folder/{quote(path)}?dcPath=Headquarters&dsName={quote(store)}"
        connection.request(verb, url, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()

    yield send
    connection.close()


def test_a_file_goes_up_is_found_and_deleted(site: VsphereSite, client: Client, folder: Any) -> None:
    client.content.fileManager.MakeDirectory("[prod-iso] depots", None, True)
    body = bytes(range(256)) * 4096
    assert folder("PUT", "depots/esxi bundle.zip", body)[0] == 201
    assert folder("PUT", "depots/esxi bundle.zip", body)[0] == 200
    assert folder("HEAD", "depots/esxi bundle.zip") == (200, b"")
    assert folder("GET", "depots/esxi bundle.zip") == (200, body)

    details = vim.host.DatastoreBrowser.FileInfo.Details(fileSize=True, modification=True, fileType=True)
    spec = vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*.zip"], details=details)
    browser = client.stored(site.store("prod-iso")).browser
    found = client.works(browser.SearchDatastore_Task("[prod-iso] depots", spec))
    assert [(f.path, f.fileSize) for f in found.file] == [("esxi bundle.zip", len(body))]
    stored = site.hosts[0].esxi.datastore("prod-iso")
    assert stored is not None
    assert stored.get("depots/esxi bundle.zip") is not None, "the hosts see the same file"

    files = client.content.fileManager
    client.works(files.DeleteDatastoreFile_Task("[prod-iso] depots/esxi bundle.zip", None))
    gone = client.fails(files.DeleteDatastoreFile_Task("[prod-iso] depots/esxi bundle.zip", None))
    assert isinstance(gone, vim.fault.FileNotFound)
    missing = client.fails(browser.SearchDatastore_Task("[prod-iso] nowhere", spec))
    assert isinstance(missing, vim.fault.FileNotFound)


def test_an_upload_needs_a_session_a_store_and_room(site: VsphereSite, folder: Any) -> None:
    assert folder("PUT", "a.zip", b"x", cookie="")[0] == 401
    assert folder("PUT", "a.zip", b"x", store="nowhere")[0] == 404
    assert folder("GET", "a.zip")[0] == 404
    site.put(Blocker.STORE_FULL, store="prod-iso")
    assert folder("PUT", "a.zip", b"x" * 100_000)[0] == 507
    half = site.store("prod-iso").disk.get("a.zip")
    assert half is not None, "ESXi leaves what had arrived"
    assert half.size == 0


def test_a_vsan_store_has_no_real_root(site: VsphereSite, client: Client, folder: Any) -> None:
    files, names = client.content.fileManager, client.content.datastoreNamespaceManager
    store = client.stored(site.store("prod-vsan"))
    for path in ("iso", "iso/esxi"):
        with pytest.raises(vim.fault.CannotCreateFile):
            files.MakeDirectory(f"[prod-vsan] {path}", None, True)
    assert folder("PUT", "a.zip", b"x", store="prod-vsan")[0] == 500
    assert folder("PUT", "iso/a.zip", b"x", store="prod-vsan")[0] == 404

    stays = names.CreateDirectory(store, "iso").rpartition("/")[2]
    with pytest.raises(vim.fault.FileAlreadyExists):
        names.CreateDirectory(store, "iso")
    with pytest.raises(vim.fault.InvalidDatastore):
        names.CreateDirectory(client.stored(site.store("prod-iso")), "iso")
    root = client.works(store.browser.SearchDatastore_Task("[prod-vsan] ", None))
    assert [(f.path, f.friendlyName) for f in root.file] == [(stays, "iso")]
    files.MakeDirectory("[prod-vsan] iso/esxi", None, False)
    assert folder("PUT", f"{stays}/esxi/a.zip", b"x", store="prod-vsan")[0] == 201
    assert folder("GET", "iso/esxi/a.zip", store="prod-vsan") == (200, b"x")


def test_somebody_who_may_only_read_cannot_upload(site: VsphereSite, connect: Connect, folder: Any) -> None:
    reader = connect(site.spec.reader, site.spec.reader_password)
    assert folder("PUT", "a.zip", b"x", cookie=reader.stub.cookie)[0] == 403
    assert site.counters["uploads"] == 0
