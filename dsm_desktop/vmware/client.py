"""One vCenter, or one ESXi host spoken to directly, in the words of the program.

Blocking, safe for many threads, polls once: waiting, progress and cancelling belong to the job. Every method raises
DsmError kinds only (`vmware.errors`, and those of `net` for certificates, limits and logins). A read is repeated once after
a dropped connection or an ended session; a change is sent once, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from dsm_desktop.core.vsphere import Alarm, Host, RunningTask, Vm
from dsm_desktop.core.vsphere_site import About, ClusterPicture, Site
from dsm_desktop.net.limits import Throttle
from dsm_desktop.net.recorder import Recorder
from dsm_desktop.net.streams import PlainUpload
from dsm_desktop.net.tls import CONNECT_TIMEOUT
from dsm_desktop.vmware import (
    changes,
    close_looks,
    files,
    inventory,
    performance,
    privileges,
    task_history,
    tasks,
)
from dsm_desktop.vmware.changes import ClusterChange
from dsm_desktop.vmware.connection import ANSWER_TIMEOUT
from dsm_desktop.vmware.errors import VcenterFault
from dsm_desktop.vmware.files import FileEntry, Store
from dsm_desktop.vmware.session import Link, Opened, Session, current_time
from dsm_desktop.vmware.store_paths import clean_path
from dsm_desktop.vmware.task_history import PastTask
from dsm_desktop.vmware.tasks import TaskState

__all__ = ["ClusterChange", "FileEntry", "Link", "PlainUpload", "TaskState", "VcenterClient"]

T = TypeVar("T")
KEEP_OBJECTS = "ensureObjectAccessibility"
"""vSAN mode of maintenance: every object stays reachable, not every copy is kept. vCenter's own default."""


class VcenterClient:
    """Nothing is sent before the first call; `link` says late where and as whom (asked again when it may have changed).
    `essential`: (address or name, what it is) of machines beside vCenter that the work depends on."""

    def __init__(
        self,
        link: Callable[[], Link],
        *,
        throttle: Throttle,
        recorder: Recorder,
        connect_timeout: float = CONNECT_TIMEOUT,
        answer_timeout: float = ANSWER_TIMEOUT,
        essential: Callable[[], Sequence[tuple[str, str]]] = tuple,
    ) -> None:
        self._essential = essential
        self.session = Session(
            link,
            throttle=throttle,
            recorder=recorder,
            connect_timeout=connect_timeout,
            answer_timeout=answer_timeout,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Log out."""
        self.session.close()

    def _read(self, do: Callable[[Opened], T]) -> T:
        return self.session.read(do)

    def _write(self, what: str, do: Callable[[Opened], T]) -> T:
        return self.session.write(what, do)

    # --- reading ----------------------------------------------------------------------------------------------------

    def about(self) -> About:
        """Who answers; proves that the login is accepted."""
        return self._read(lambda o: o.about)

    def read_site(self) -> Site:
        """The whole inventory without devices (4,000 VMs: some seconds)."""
        return self._read(inventory.read_site)

    def read_objects(self, moids: Sequence[str]) -> Site:
        """A part of the inventory: these objects as they are now, and what stands above them."""
        return self._read(lambda o: inventory.read_objects(o, moids))

    def triggered_alarms(self, moid: str) -> tuple[Alarm, ...]:
        """What is triggered on an object now, without names. Raises NotThere."""
        return self._read(lambda o: close_looks.triggered_alarms(o, moid))

    def read_cluster(self, moid: str) -> ClusterPicture:
        """A cluster, or a stand-alone host by its moid, as it is now, with the devices of its VMs. Raises NotThere."""
        essential = tuple(self._essential())
        return self._read(lambda o: inventory.read_cluster(o, moid, close_looks.addresses(o), essential))

    def peaks(self, cluster: str) -> tuple[int | None, int | None]:
        """(memory in MiB, CPU in MHz): highest use of a cluster in the last 24 hours; None where it is not kept."""
        return self._read(lambda o: performance.peaks(o, cluster))

    def read_host(self, moid: str) -> Host:
        """A host with services and clock. Raises NotThere."""
        return self._read(lambda o: inventory.read_host(o, moid))

    def read_vms(self, host: str) -> tuple[Vm, ...]:
        """The VMs on a host, with devices."""
        return self._read(lambda o: inventory.read_vms(o, host))

    def read_vm(self, moid: str) -> Vm:
        """One VM with devices. Raises NotThere."""
        return self._read(lambda o: inventory.read_vm(o, moid))

    def management_addresses(self, hosts: Sequence[str]) -> dict[str, str]:
        """IP addresses of hosts' management adapters, by moid: a site without DNS reaches them by these."""
        return self._read(lambda o: close_looks.management_addresses(o, hosts))

    def task(self, moid: str) -> TaskState:
        """How far a task is. Raises NotThere when vCenter has forgotten it."""
        return self._read(lambda o: tasks.read_task(o, moid))

    def running_tasks(self, moid: str) -> tuple[RunningTask, ...]:
        """What is at work on a host, VM or cluster now, whoever started it."""
        return self._read(lambda o: tasks.running_tasks(o, moid))

    def recent_tasks(self, moid: str, kind: str) -> tuple[str, ...]:
        """Tasks of a kind that an object was given lately, running or done: evidence that a call was taken. A vCenter that has
        restarted has forgotten them; its history has not (`past_tasks`)."""
        return self._read(lambda o: tasks.recent_tasks(o, moid, kind))

    def past_tasks(self, moid: str, kind: str, since: datetime) -> tuple[PastTask, ...] | None:
        """Tasks of a kind that an object was given since then (vCenter's clock): evidence that also outlives a restart of vCenter.
        None where its history cannot be read: no vCenter, no privilege, no room for one more reader."""
        return self._read(lambda o: task_history.past_tasks(o, moid, kind, since))

    def current_time(self) -> datetime:
        """What vCenter's own clock shows, the one its tasks are dated by; in UTC."""
        return self._read(lambda o: datetime.fromtimestamp(current_time(o).timestamp(), UTC))

    def dry_run_evacuation(self, cluster: str, host: str) -> tuple[tuple[str, str], ...] | None:
        """What DRS itself says would stay on the host: (VM moid, reason). None where it is not offered (DRS off, an old
        version, no vCenter)."""
        return self._read(lambda o: close_looks.dry_run_evacuation(o, cluster, host))

    def missing_privileges(self, site: Site) -> privileges.Missing:
        """What the account lacks on the objects of this inventory, by capability and privilege; {} = nothing."""
        return self._read(lambda o: privileges.missing_privileges(o, site))

    # --- files ------------------------------------------------------------------------------------------------------

    def browse(self, datastore: str, path: str = "") -> tuple[FileEntry, ...]:
        """What lies in a folder of a datastore (moid), folders first. Raises NotThere."""
        return self._read(lambda o: files.browse(o, datastore, path))

    def file_size(self, datastore: str, path: str) -> int | None:
        """Bytes of a file on a datastore, None where there is none."""
        return self._read(lambda o: files.file_size(o, datastore, path))

    def store(self, datastore: str) -> Store:
        """A datastore by its moid. Raises NotThere."""
        return self._read(lambda o: files.store_of(o, datastore))

    def refuse_root(self, datastore: str, path: str) -> None:
        """BadInput where no file can lie at a path, because the store has no real root."""
        files.refuse_root(self.store(datastore), path)

    def upload(self, datastore: str, path: str, source: PlainUpload) -> None:
        """Send a file to a path of a datastore; the folder must be there, a file that stood there is replaced. What breaks off
        leaves half a file there. Raises BadInput (`refuse_root`)."""
        store = self.store(datastore)
        files.refuse_root(store, path)
        self._write(
            f"sending {source.path.name} to [{store.name}]", lambda o: files.upload(o, store, path, source)
        )

    def make_directory(self, datastore: str, path: str) -> None:
        """Make a folder on a datastore and those above it; one that is there already is used."""
        path = clean_path(path)
        store = self.store(datastore)
        top = path.partition("/")[0]
        if store.namespaces:
            self._make_folder(store, top, files.make_namespace)
        if path != top or not store.namespaces:
            self._make_folder(store, path, files.make_directory)

    def _make_folder(self, store: Store, path: str, make: Callable[[Opened, Store, str], object]) -> None:
        if self._read(lambda o: files.has_folder(o, store, path)):
            return
        try:
            self._write(f"making [{store.name}] {path}", lambda o: make(o, store, path))
        except VcenterFault as fault:
            if fault.fault != "FileAlreadyExists":  # somebody else was quicker
                raise

    def move_file(self, datastore: str, path: str, to: str, *, replace: bool) -> None:
        """Give a file another name on the same datastore. Raises VcenterFault FileAlreadyExists unless it replaces one."""
        store, what = self.store(datastore), f"moving {path} to {to}"
        task = self._write(what, lambda o: files.move_file(o, store, path, to, replace))
        self._read(lambda o: files.see_out(o, task, what, f"{o.name} [{store.name}]"))

    def delete_file(self, datastore: str, path: str) -> None:
        """Remove a file from a datastore. Raises VcenterFault FileLocked while it is still being written."""
        store, what = self.store(datastore), f"removing {path}"
        task = self._write(what, lambda o: files.delete_file(o, store, path))
        self._read(lambda o: files.see_out(o, task, what, f"{o.name} [{store.name}]"))

    # --- hosts ------------------------------------------------------------------------------------------------------

    def enter_maintenance(
        self, host: str, timeout_seconds: int, *, evacuate_off: bool = False, vsan_mode: str = KEEP_OBJECTS
    ) -> str:
        """Start entering maintenance mode; returns the task. `timeout_seconds` 0 = no limit."""
        return self._write(
            f"entering maintenance mode on {host}",
            lambda o: changes.enter_maintenance(
                o, host, timeout_seconds, evacuate_off=evacuate_off, vsan_mode=vsan_mode
            ),
        )

    def exit_maintenance(self, host: str, timeout_seconds: int) -> str:
        """Start leaving maintenance mode; returns the task."""
        return self._write(
            f"leaving maintenance mode on {host}",
            lambda o: changes.exit_maintenance(o, host, timeout_seconds),
        )

    def cancel_task(self, task: str) -> None:
        """Ask a task to stop; its state says later whether it did."""
        self._write(f"cancelling {task}", lambda o: changes.cancel_task(o, task))

    def reboot_host(self, host: str) -> str:
        """Restart a host in maintenance mode, never by force; the task's success only means that it was asked."""
        return self._write(f"rebooting {host}", lambda o: changes.reboot_host(o, host))

    def reconnect_host(self, host: str) -> str:
        """Make vCenter connect to a host again; returns the task."""
        return self._write(f"reconnecting {host}", lambda o: changes.reconnect_host(o, host))

    def start_service(self, host: str, key: str) -> None:
        """Start a service of ESXi ("TSM-SSH")."""
        system = self._read(lambda o: close_looks.service_system(o, host))
        self._write(f"starting {key} on {host}", lambda o: changes.start_service(o, system, key))

    def stop_service(self, host: str, key: str) -> None:
        """Stop a service of ESXi."""
        system = self._read(lambda o: close_looks.service_system(o, host))
        self._write(f"stopping {key} on {host}", lambda o: changes.stop_service(o, system, key))

    def set_service_policy(self, host: str, key: str, policy: str) -> None:
        """Whether a service starts with the host: on | off | automatic."""
        system = self._read(lambda o: close_looks.service_system(o, host))
        self._write(
            f"setting {key} on {host} to {policy}",
            lambda o: changes.set_service_policy(o, system, key, policy),
        )

    # --- VMs --------------------------------------------------------------------------------------------------------

    def migrate_vm(self, vm: str, host: str) -> str:
        """Move a VM to another host; returns the task."""
        return self._write(f"moving {vm} to {host}", lambda o: changes.migrate_vm(o, vm, host))

    def shutdown_guest(self, vm: str) -> None:
        """Ask the guest to shut down; its power state says later whether it did."""
        self._write(f"shutting down {vm}", lambda o: changes.shutdown_guest(o, vm))

    def power_off(self, vm: str) -> str:
        """Pull the plug; returns the task."""
        return self._write(f"powering off {vm}", lambda o: changes.power_off(o, vm))

    def power_on(self, vm: str) -> str:
        """Start a VM; returns the task."""
        return self._write(f"powering on {vm}", lambda o: changes.power_on(o, vm))

    def answer_question(self, vm: str, key: str, choice: str) -> None:
        """Answer what a VM waits with."""
        self._write(f"answering the question of {vm}", lambda o: changes.answer_question(o, vm, key, choice))

    def unmount_tools(self, vm: str) -> None:
        """Take the Tools installer out."""
        self._write(f"unmounting the Tools installer of {vm}", lambda o: changes.unmount_tools(o, vm))

    def set_device_connected(self, vm: str, device_key: int, connected: bool, *, at_power_on: bool) -> str:
        """Connect or disconnect a removable device, now and at power-on; returns the task. Raises NotThere for the key."""
        device = self._read(lambda o: close_looks.device(o, vm, device_key))
        return self._write(
            f"{'connecting' if connected else 'disconnecting'} device {device_key} of {vm}",
            lambda o: changes.set_device_connected(o, vm, device, connected, at_power_on),
        )

    def suspend_fault_tolerance(self, primary: str, secondary: str) -> str:
        """Stop the secondary of a fault-tolerant pair, which stays a pair; returns the task."""
        return self._write(
            f"suspending fault tolerance of {primary}",
            lambda o: changes.suspend_fault_tolerance(o, primary, secondary),
        )

    def resume_fault_tolerance(self, primary: str, secondary: str) -> str:
        """Start the secondary again; returns the task."""
        return self._write(
            f"resuming fault tolerance of {primary}",
            lambda o: changes.resume_fault_tolerance(o, primary, secondary),
        )

    # --- clusters ---------------------------------------------------------------------------------------------------

    def reconfigure_cluster(self, cluster: str, change: ClusterChange) -> str:
        """Set only what `change` names; returns the task."""
        return self._write(
            f"reconfiguring {cluster}", lambda o: changes.reconfigure_cluster(o, cluster, change)
        )

    def apply_recommendation(self, cluster: str, key: str) -> None:
        """Let DRS do what it recommends (`Cluster.advice`)."""
        self._write(
            f"applying recommendation {key} of {cluster}",
            lambda o: changes.apply_recommendation(o, cluster, key),
        )

    def enable_alarm_actions(self, entity: str, on: bool) -> None:
        """Whether alarms of an object and of what is in it act (mail, SNMP)."""
        self._write(
            f"switching alarm actions of {entity}", lambda o: changes.enable_alarm_actions(o, entity, on)
        )

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        """Mark a triggered alarm as seen."""
        self._write(f"acknowledging “{alarm.name}”", lambda o: changes.acknowledge_alarm(o, alarm))
