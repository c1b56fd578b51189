"""Messages of server configuration profiles."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, Text

PROFILES: Final[dict[str, Text]] = {
    "SYS043": Text("Successfully exported Server Configuration Profile."),
    "SYS044": Text("Unable to export one or more component configurations.", "Warning", RETRY),
    "SYS045": Text("Unable to copy the Server Configuration Profile to the network share.", "Warning", RETRY),
    "SYS046": Text(
        "Unable to import the Server Configuration Profile from the network share.", "Warning", RETRY
    ),
    "SYS047": Text(
        "Input file for import configuration is not compliant with the configuration schema.",
        "Warning",
        RETRY,
    ),
    "SYS048": Text(
        "Server Configuration Profile contains invalid characters, %1 at line %2.", "Warning", RETRY
    ),
    "SYS050": Text(
        "The Server Configuration Profile for import configuration is not compliant with schema nesting checks.",
        "Warning",
        RETRY,
    ),
    "SYS051": Text("The system could not be shut down within the specified time.", "Warning", RETRY),
    "SYS052": Text(
        "Analyzing iDRAC, System, or Lifecycle Controller configuration for changes to be applied."
    ),
    "SYS053": Text("Successfully imported and applied Server Configuration Profile."),
    "SYS054": Text("No configuration changes requiring a system restart need to be applied."),
    "SYS055": Text("Import of Server Configuration Profile operation completed with errors."),
    "SYS056": Text("Waiting for the system to shut down."),
    "SYS057": Text("Exporting Server Configuration Profile."),
    "SYS058": Text("Applying configuration changes."),
    "SYS059": Text("Component configuration successfully changed."),
    "SYS060": Text("Component configuration completed with errors."),
    "SYS061": Text("Unable to complete component configuration."),
    "SYS062": Text(
        "Input file for import configuration operation is invalid. The expected profile root element was not found.",
        "Warning",
        RETRY,
    ),
    "SYS063": Text(
        "Input file for import configuration operation is invalid. The expected root element was not closed.",
        "Warning",
        RETRY,
    ),
    "SYS064": Text("Input file for import configuration operation is invalid at line %1.", "Warning", RETRY),
    "SYS065": Text(
        "Input file for import configuration operation cannot be found or opened.", "Warning", RETRY
    ),
    "SYS066": Text("No changes detected for iDRAC, System, or Lifecycle Controller configuration."),
    "SYS067": Text("Unable to complete application of configuration profile values.", "Warning", RETRY),
    "SYS068": Text("Configuration changes that require system reboot were not applied.", "Warning", RETRY),
    "SYS069": Text(
        "No changes were applied since the current component configuration matched the requested configuration."
    ),
    "SYS070": Text("Configuration changes that require system reboot were not applied.", "Warning", RETRY),
    "SYS071": Text("Server Configuration Profile export operation timed-out.", "Warning", RETRY),
    "SYS072": Text("Server Configuration Profile import operation timed-out.", "Warning", RETRY),
    "SYS074": Text(
        "Unable to apply configuration changes because another configuration job is in progress.",
        "Warning",
        RETRY,
    ),
    "SYS076": Text("Invalid or unsupported component specified in the input configuration profile."),
    "SYS079": Text(
        "The Preview operation indicates the input file for Server Configuration Profile is not compliant with the configuration profile schema.",
        "Warning",
        RETRY,
    ),
    "SYS080": Text(
        "Preview of Server Configuration Profile import operation indicated that no configuration changes will be successful.",
        "Warning",
        RETRY,
    ),
    "SYS081": Text("Successfully previewed Server Configuration Profile import operation."),
    "SYS082": Text(
        "Completed the preview of Server Configuration Profile import operation. Some changes specified in the configuration profile will not be successfully applied in an import operation."
    ),
    "SYS087": Text(
        "A system reboot will occur when the previewed configuration XML file is imported to the system."
    ),
    "SYS088": Text("Estimated time for applying configuration changes is %1 seconds."),
    "SYS089": Text("Preview of Server Configuration Profile is complete."),
    "SYS431": Text(
        "Unable to apply the configuration changes because an import or export operation is currently in progress.",
        "Warning",
        RETRY,
    ),
}
