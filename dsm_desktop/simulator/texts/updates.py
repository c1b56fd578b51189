"""Messages of firmware updates and repositories."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, Text

_AGAIN: Final = "Re-acquire the Update Package from the service provider."
_SHARE: Final = "Verify the path to the share, its credentials, and that the iDRAC can reach it."
_CATALOG: Final = "Select a repository with a valid catalog file, and retry the operation."
_RIGHT_PACKAGE: Final = "Identify and download the firmware version that corresponds to the target system, and retry the operation."

UPDATES: Final[dict[str, Text]] = {
    "PR36": Text("Version change detected for %1 firmware. Previous version:%2, Current version:%3"),
    "RED001": Text("Job completed successfully."),
    "RED002": Text("Package successfully downloaded."),
    "RED003": Text("Downloading package."),
    "RED005": Text("The specified URI is invalid.", "Warning", "Provide a valid URI for the share location."),
    "RED006": Text(
        "Unable to download Update Package.",
        "Warning",
        "Check the network connection and access to the update package from the iDRAC.",
    ),
    "RED007": Text("Unable to verify Update Package signature.", "Warning", _AGAIN),
    "RED008": Text("Unable to extract payloads from Update Package.", "Warning", _AGAIN),
    "RED010": Text("The target specified is invalid.", "Warning", RETRY),
    "RED013": Text("The DUP specified is not compatible with the target device.", "Warning", _RIGHT_PACKAGE),
    "RED014": Text(
        "Job for this device is already present.",
        "Warning",
        "Delete the existing job before scheduling a new update job.",
    ),
    "RED016": Text("Mount of remote share failed.", "Warning", _SHARE),
    "RED017": Text("The DUP specified is not compatible with the target system.", "Warning", _RIGHT_PACKAGE),
    "RED018": Text(
        "Reinstall or Rollback not supported for this device.",
        "Warning",
        "Update the device directly, since rollback is not supported for this device.",
    ),
    "RED019": Text(
        "Reinstall or Rollback cannot be performed since no applicable firmware was found on the Lifecycle "
        "Controller.",
        "Warning",
        "Directly update to the desired version.",
    ),
    "RED034": Text("Firmware update in progress.", "Warning", "Wait for the current job to complete."),
    "RED036": Text("Firmware updates are available : %1."),
    "RED037": Text("All components' firmware match with the specified remote repository."),
    "RED054": Text("An update job %1 was created."),
    "RED055": Text("A reboot job %1 was created."),
    "RED060": Text("The specified repository catalog is not supported.", "Warning", _CATALOG),
    "RED062": Text(
        "Unable to successfully authenticate user credentials to the specified repository.",
        "Warning",
        "Verify username, password and server authentication type.",
    ),
    "RED063": Text("The iDRAC firmware updated successfully. Previous version: %1, Current version: %2"),
    "RED097": Text(
        "Unable to complete the firmware update operation because the specified firmware image is for a component "
        "that is not in the target system inventory or the component is disabled for performing the update.",
        "Warning",
        _RIGHT_PACKAGE,
    ),
    "RED098": Text(
        "Unable to complete the firmware update operation because the specified firmware image is not compatible "
        "with the target system model.",
        "Warning",
        _RIGHT_PACKAGE,
    ),
    "RED149": Text(
        "Unable to create the job because a CPLD firmware job and non-CPLD job cannot be performed at the same "
        "time.",
        "Critical",
        "Perform the CPLD update separately.",
    ),
    "SUP027": Text(
        "Missing required parameter %1",
        "Warning",
        "Verify the required parameter value for the method is specified and retry the operation.",
    ),
    "SUP028": Text(
        "The GetRepoBasedUpdateList method did not complete successfully.",
        "Warning",
        "Execute InstallFromRepo method, and then retry the operation.",
    ),
    "SUP029": Text(
        "Unable to complete the operation because the catalog name entered has either unsupported firmware "
        "packages or same version installed on the server.",
        "Warning",
        "Make sure a valid catalog is used which has applicable and supported Windows Update Packages in the "
        "repository.",
    ),
    "SUP0501": Text("Invalid catalog file.", "Critical", _CATALOG),
    "SUP0505": Text("Corrupt catalog file.", "Critical", _CATALOG),
    "SUP0506": Text("Unable to decompress the catalog file.", "Critical", _CATALOG),
    "SUP0516": Text("Updating firmware for %1 to version %2."),
    "SUP0518": Text("Successfully updated the %1 firmware to version %2."),
    "SYS404": Text(
        "Unable to complete the operation because the If-Match request header is missing.",
        "Warning",
        "Make sure that the If-Match request header is entered and retry the operation.",
    ),
    "SYS434": Text(
        "Unable to upload the firmware image because the file extension is not supported.",
        "Warning",
        "Make sure to use a valid firmware image and retry the operation.",
    ),
    "SYS442": Text(
        "Unable to start the installation because more than one firmware inventory component URI is entered.",
        "Warning",
        "Enter only one firmware inventory component URI for installation and retry the operation.",
    ),
}
