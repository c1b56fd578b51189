"""Every table, by noun."""

from dsm_desktop.store.models.activity import ApiCall, AuditEntry, FeedEntry, ServerEventLog, Setting
from dsm_desktop.store.models.annotations import CustomField, MessageText, Rack, RackPlace, ServerTag
from dsm_desktop.store.models.base import Base, UtcDateTime, db_now
from dsm_desktop.store.models.certificates import CertificateAuthority, ServerCertificate
from dsm_desktop.store.models.configuration import (
    AttributeRegistry,
    BootRecord,
    ConfigurationProfile,
    ConfigurationSnapshot,
    SiteStandardRow,
)
from dsm_desktop.store.models.credentials import BmcSession, CredentialIpRange, CredentialSet, VaultKey
from dsm_desktop.store.models.device_jobs import (
    ConsoleTicket,
    DeviceJob,
    DeviceQueue,
    DriveUse,
    ServerScreenshot,
)
from dsm_desktop.store.models.firmware_exclusions import FirmwareExclusion
from dsm_desktop.store.models.inventory import (
    InventoryFirmware,
    InventoryPart,
    InventorySetting,
    InventorySnapshot,
    PartWords,
    Reading,
    SavedView,
)
from dsm_desktop.store.models.jobs import (
    Decision,
    Job,
    JobTask,
    Lease,
    RestoreItem,
    Runner,
    TaskLog,
    TaskStep,
)
from dsm_desktop.store.models.media import (
    LibraryFolder,
    LibraryItem,
    LibraryUse,
    MediaIdentity,
    MediaMount,
)
from dsm_desktop.store.models.password_rotations import PasswordRotation
from dsm_desktop.store.models.servers import (
    Server,
    ServerAddress,
    ServerGroup,
    ServerGroupMember,
    ServerGroupParent,
)
from dsm_desktop.store.models.vsphere import (
    EsxiHost,
    EsxiObject,
    EsxiRecoveryKey,
    SafetyCheck,
    Vcenter,
    VmDecision,
    VsphereObject,
)

__all__ = [
    "ApiCall",
    "AttributeRegistry",
    "AuditEntry",
    "Base",
    "BmcSession",
    "BootRecord",
    "CertificateAuthority",
    "ConfigurationProfile",
    "ConfigurationSnapshot",
    "ConsoleTicket",
    "CredentialIpRange",
    "CredentialSet",
    "CustomField",
    "Decision",
    "DeviceJob",
    "DeviceQueue",
    "DriveUse",
    "EsxiHost",
    "EsxiObject",
    "EsxiRecoveryKey",
    "FeedEntry",
    "FirmwareExclusion",
    "InventoryFirmware",
    "InventoryPart",
    "InventorySetting",
    "InventorySnapshot",
    "Job",
    "JobTask",
    "Lease",
    "LibraryFolder",
    "LibraryItem",
    "LibraryUse",
    "MediaIdentity",
    "MediaMount",
    "MessageText",
    "PartWords",
    "PasswordRotation",
    "Rack",
    "RackPlace",
    "Reading",
    "RestoreItem",
    "Runner",
    "SafetyCheck",
    "SavedView",
    "Server",
    "ServerAddress",
    "ServerCertificate",
    "ServerEventLog",
    "ServerGroup",
    "ServerGroupMember",
    "ServerGroupParent",
    "ServerScreenshot",
    "ServerTag",
    "Setting",
    "SiteStandardRow",
    "TaskLog",
    "TaskStep",
    "UtcDateTime",
    "VaultKey",
    "Vcenter",
    "VmDecision",
    "VsphereObject",
    "autoincrement",
    "db_now",
    "id",
    "sqlite",
]
