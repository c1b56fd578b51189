"""A PERC with drives and volumes beside the recorded iDRAC, for the tests of what changes storage."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.kit.replay import Doc, Reply, error, reply
from tests.operations.recorded import MANAGER, SYSTEM, RecordedIdrac

STORAGE = f"{SYSTEM}/Storage"
RAID = "RAID.Slot.1-1"
BASE = f"{STORAGE}/{RAID}"
VOLUMES = f"{BASE}/Volumes"
SERVICE = f"{SYSTEM}/Oem/Dell/DellRaidService/Actions/DellRaidService"
QUEUE = f"{MANAGER}/Oem/Dell/Jobs"
TAG = "F54P1G3"


def drive_id(n: int) -> str:
    return f"Disk.Bay.{n}:Enclosure.Internal.0-1:{RAID}"


class Perc:
    """A PERC beside what was recorded: four drives, a mirror of the first two; jobs end at once unless told otherwise."""

    def __init__(self, bmc: RecordedIdrac) -> None:
        self.bmc = bmc
        self.state = "Completed"
        self.lies = False
        self.job_name = f"Configure: {RAID}"
        self.times = ["Immediate", "OnReset"]
        docs = bmc.documents
        for n in range(4):
            uri = f"{BASE}/Drives/{drive_id(n)}"
            docs[uri] = {
                "@odata.id": uri, "Id": drive_id(n), "Name": f"Solid State Disk 0:1:{n}", "SerialNumber": f"SER{n}",
                "HotspareType": "None", "LocationIndicatorActive": False,
                "Oem": {"Dell": {"DellPhysicalDisk": {"RaidStatus": "Online" if n < 2 else "Ready"}}},
                "Actions": {"#Drive.SecureErase": {"target": f"{uri}/Actions/Drive.SecureErase"}} if n != 3 else {},
            }  # fmt: skip
        docs[BASE] = {
            "@odata.id": BASE, "Id": RAID, "Name": "PERC H755",
            "Drives": [{"@odata.id": f"{BASE}/Drives/{drive_id(n)}"} for n in range(4)], "Volumes": {"@odata.id": VOLUMES},
        }  # fmt: skip
        docs[STORAGE] = {**docs[STORAGE], "Members": [*docs[STORAGE]["Members"], {"@odata.id": BASE}]}
        self.volumes: list[str] = []
        self.add_volume("Disk.Virtual.0", "RAID1", [0, 1])
        bmc.effects |= {
            f"{RAID}/Volumes": self._create,
            "/Volumes/Disk.Virtual.0": self._delete,
            "DellRaidService.AssignSpare": lambda b: self._spare(
                b, "Dedicated" if b.get("VirtualDiskArray") else "Global"
            ),
            "DellRaidService.UnassignSpare": lambda b: self._spare(b, "None"),
            "DellRaidService.ImportForeignConfig": lambda b: self._foreign("Online"),
            "DellRaidService.ClearForeignConfig": lambda b: self._foreign("Ready"),
            "DellRaidService.BlinkTarget": lambda b: self._light(b, True),
            "DellRaidService.UnBlinkTarget": lambda b: self._light(b, False),
            "/Drive.SecureErase": lambda b: self.accepted("RealTimeNoRebootConfiguration"),
        }

    def add_volume(self, name: str, raid: str, drives: list[int]) -> None:
        uri = f"{VOLUMES}/{name}"
        members = [{"@odata.id": f"{BASE}/Drives/{drive_id(n)}"} for n in drives]
        self.bmc.documents[uri] = {
            "@odata.id": uri, "Id": name, "Name": name, "RAIDType": raid, "VolumeType": "Mirrored", "CapacityBytes": 10**12,
            "Links": {"Drives": members},
        }  # fmt: skip
        self.volumes.append(name)
        self.list_volumes()

    def list_volumes(self) -> None:
        self.bmc.documents[VOLUMES] = {
            "@odata.id": VOLUMES, "@Redfish.OperationApplyTimeSupport": {"SupportedValues": self.times},
            "Members": [{"@odata.id": f"{VOLUMES}/{v}"} for v in self.volumes],
        }  # fmt: skip

    def drive(self, n: int) -> Doc:
        return self.bmc.documents[f"{BASE}/Drives/{drive_id(n)}"]

    def accepted(self, kind: str) -> Reply:
        (job_id,) = self.show([self.job_name], kind)
        return 202, {"Location": f"/redfish/v1/TaskService/Tasks/{job_id}"}, b""

    def show(self, names: list[str], kind: str) -> list[str]:
        """Jobs of these names appear in the queue, all at once; their ids."""
        docs, found = self.bmc.documents, []
        for name in names:
            job_id = f"JID_{900000000000 + len(docs)}"
            uri = f"{QUEUE}/{job_id}"
            docs[uri] = {
                "@odata.id": uri, "Id": job_id, "JobState": self.state, "JobType": kind, "Name": name,
                "PercentComplete": 100, "Message": "The job has ended.", "MessageId": "PR19",
            }  # fmt: skip
            self.bmc.effects[f"/{job_id}"] = partial(self._taken_out, uri)
            found.append(job_id)
        more = [{"@odata.id": f"{QUEUE}/{job_id}"} for job_id in found]
        docs[QUEUE] = {**docs[QUEUE], "Members": [*docs[QUEUE]["Members"], *more]}
        return found

    def _taken_out(self, uri: str, body: Doc) -> Reply:
        docs = self.bmc.documents
        del docs[uri]
        left = [member for member in docs[QUEUE]["Members"] if member["@odata.id"] != uri]
        docs[QUEUE] = {**docs[QUEUE], "Members": left}
        return reply(200, {})

    def waiting(self) -> list[str]:
        """The jobs that wait for a restart."""
        docs = self.bmc.documents
        jobs = [docs[member["@odata.id"]] for member in docs[QUEUE]["Members"] if member["@odata.id"] in docs]
        return [job["Name"] for job in jobs if job.get("JobState") == "Scheduled"]

    def stranger(self, about: str = RAID) -> None:
        """Somebody at the iDRAC's own page starts something, which ends at once."""
        own, self.job_name = self.job_name, f"Configure: {about}"
        self.accepted("RealTimeNoRebootConfiguration")
        self.job_name = own

    def _create(self, body: Doc) -> Reply:
        assert body["@Redfish.OperationApplyTime"] in self.times
        names = [link["@odata.id"].rpartition(":Enclosure")[0] for link in body["Links"]["Drives"]]
        if self.state == "Completed" and not self.lies:
            self.add_volume("Disk.Virtual.9", body["RAIDType"], [int(n[-1]) for n in names])
        return self.accepted("RealTimeNoRebootConfiguration")

    def _delete(self, body: Doc) -> Reply:
        if self.state == "Completed" and not self.lies:
            self.volumes.remove("Disk.Virtual.0")
            self.list_volumes()
        return self.accepted("RealTimeNoRebootConfiguration")

    def _spare(self, body: Doc, kind: str) -> Reply:
        (n,) = (n for n in range(4) if drive_id(n) == body["TargetFQDD"])
        self.drive(n)["HotspareType"] = kind
        return self.accepted("RealTimeNoRebootConfiguration")

    def _foreign(self, status: str) -> Reply:
        foreign = [self.drive(n)["Oem"]["Dell"]["DellPhysicalDisk"] for n in range(4)]
        foreign = [dell for dell in foreign if dell["RaidStatus"] == "Foreign"]
        if not foreign:
            return error(400, "IDRAC.2.7.STOR018", "No foreign configurations detected.")
        for dell in foreign:
            dell["RaidStatus"] = status
        return self.accepted("RealTimeNoRebootConfiguration")

    def _light(self, body: Doc, on: bool) -> Reply:
        (n,) = (n for n in range(4) if drive_id(n) == body["TargetFQDD"])
        self.drive(n)["LocationIndicatorActive"] = on
        return reply(200, {})


def mirror(**more: Any) -> dict[str, Any]:
    """Parameters of volume_create for the two free drives."""
    return {"controller": RAID, "raid": "RAID1", "drives": ["SER2", "ser3"], **more}
