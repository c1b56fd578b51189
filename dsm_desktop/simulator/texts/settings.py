"""Messages of settings that are written and staged."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, Text

SETTINGS: Final[dict[str, Text]] = {
    "RAC059": Text(
        "Unable to configure iDRAC time because Network Time Protocol (NTP) is enabled.", "Warning", RETRY
    ),
    "RAC1035": Text("There are no pending values to be cleared.", "Warning", RETRY),
    "RAC1133": Text("The BIOSRTDRequested property (TRUE/FALSE) is modified successfully."),
    "SYS009": Text("String exceeds maximum length for attribute: %1", "Warning", RETRY),
    "SYS010": Text("Invalid character in value for attribute: %1", "Warning", RETRY),
    "SYS409": Text(
        "Unable to set the object properties because an incorrect object value is entered.", "Warning", RETRY
    ),
    "SYS410": Text(
        "Unable to modify the attribute because the attribute is read-only and depends on other attributes.",
        "Warning",
        RETRY,
    ),
    "SYS425": Text(
        "Unable to complete the operation because the value %1 entered for the property %2 is invalid.",
        "Warning",
        RETRY,
    ),
    "SYS427": Text(
        "Unable to complete the operation because the property %1 is a read only property and cannot be assigned a value.",
        "Warning",
        RETRY,
    ),
    "SYS435": Text(
        "Unable to retrieve the BIOS configuration data either because the system inventory is not collected, Lifecycle Controller Wipe operation is performed, or because of a system error.",
        "Critical",
        RETRY,
    ),
    "SYS443": Text(
        "Unable to configure the object because the object has dependencies on other objects that must be present for successful configuration.",
        "Warning",
        RETRY,
    ),
    "SYS444": Text(
        "Unable to set the attribute value because it depends on other attribute(s).", "Warning", RETRY
    ),
    "SYS474": Text(
        "Unable to set the password because the password entered does not comply to the Security Strengthen Policy standards.",
        "Warning",
        RETRY,
    ),
    "RAC1276": Text(
        "Unable to set the password because the password entered does not fulfill the defined password policy recommendations."
    ),
    "RAC0518": Text("Unable to reset the password because the password does not meet the required criteria."),
    "SYS536": Text(
        "Unable to complete the operation because the list length of the property %1 entered is less than the minimum acceptable length of %2.",
        "Warning",
        RETRY,
    ),
}
