"""Messages of certificates, licences, support collections, screenshots and storage."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, Text

SERVICES: Final[dict[str, Text]] = {
    "LC077": Text(
        "Certificate imported successfully. Reset iDRAC to apply new certificate. Until iDRAC is reset old certificate will be active"
    ),
    "SYS537": Text(
        "The Generate CSR operation is taking longer duration than expected. Wait few minutes for the operation to complete and perform the Download CSR operation. For more information, see the iDRAC Redfish API Guide available on the support site."
    ),
    "SYS478": Text("Unable to upload the certificate because the certificate type is not supported."),
    "LC098": Text(
        "Unable to export the server screen shot because the iDRAC is busy in capturing the current screen shot.",
        "Warning",
        RETRY,
    ),
    "LC099": Text(
        "Unable to export the server screen shot because the video signal is not detected.", "Warning", RETRY
    ),
    "LC102": Text(
        "Unable to export the server screen shot because iDRAC could not get the necessary screen data.",
        "Warning",
        RETRY,
    ),
    "LIC006": Text("The license has expired.", "Warning", RETRY),
    "LIC007": Text("Invalid entry: Object does not exist or cannot be found.", "Warning", RETRY),
    "LIC008": Text("The license binding ID does not match the device unique identifier.", "Warning", RETRY),
    "LIC010": Text(
        "Unable to import as the license is not applicable to the specified device.", "Warning", RETRY
    ),
    "LIC017": Text(
        "The license file is corrupted, has not been unzipped, or is not a valid license file.",
        "Critical",
        RETRY,
    ),
    "LIC018": Text("The license is already imported."),
    "LIC208": Text("License %1 imported to device %2 successfully."),
    "LIC209": Text("License %1 exported from device %2 successfully."),
    "LIC210": Text("License %1 deleted from device %2 successfully."),
    "LIC900": Text("The command was successful."),
    "SRV003": Text("A SupportAssist job is already running on the server.", "Warning", RETRY),
    "SRV074": Text(
        "The SupportAssist End User License Agreement (EULA) is accepted by iDRAC user %1 via iDRAC interface %2."
    ),
    "SRV085": Text(
        "Unable to start the operation because the SupportAssist End User License Agreement (EULA) is not accepted.",
        "Warning",
        RETRY,
    ),
    "SRV088": Text("The SupportAssist %1 operation is successfully completed."),
    "SRV095": Text(
        "The SupportAssist End User License Agreement (EULA) is already accepted by the iDRAC user %1 by using the iDRAC interface %2.",
        "Warning",
        RETRY,
    ),
    "SRV104": Text("The SupportAssist End User License Agreement (EULA) is not accepted."),
    "SRV001": Text("The SupportAssist Collection operation is started by %1."),
    "VME0001": Text("Virtual Console session started."),
    "VME0007": Text("Virtual Console session created."),
    "STOR016": Text(
        "The physical disk specified is not large enough to be a hot spare for this virtual disk.",
        "Warning",
        RETRY,
    ),
    "STOR018": Text("No foreign configurations detected.", "Warning", RETRY),
    "CTL34": Text("A foreign configuration was cleared on %1."),
    "CTL35": Text("A foreign configuration was imported on %1."),
    "RAC0713": Text("Server failed to power up due to fabric mismatch."),
}
