"""Messages of requests, sign-in, power and hardware."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, WAIT, Text

GENERAL: Final[dict[str, Text]] = {
    "JCP027": Text("The (installation or configuration) job %1 is successfully created on iDRAC."),
    "JCP037": Text("The (installation or configuration) job %1 is successfully completed."),
    "LC061": Text("Lifecycle controller is ready to take provisioning requests"),
    "LOG007": Text("The previous log entry was repeated %1 times."),
    "NIC100": Text("The %1 Port %2 network link is down.", "Warning", "Check the cable and the switch port."),
    "NIC101": Text("The %1 Port %2 network link is started."),
    "PDR1001": Text(
        "Fault detected on drive %1 in disk drive bay %2.", "Critical", "Replace the failed disk."
    ),
    "PDR3": Text(
        "The Physical Drive (PD) %1 is not correctly functioning. Part number %2.",
        "Critical",
        "Replace the physical drive.",
    ),
    "PSU0003": Text(
        "The Power Supply Unit (PSU) %1 is not receiving input power because of issues in PSU or cable "
        "connections.",
        "Critical",
        "Check the input power source and the power cable.",
    ),
    "PR19": Text("Job completed successfully."),
    "PSU501": Text("Server is already powered ON."),
    "PSU502": Text("Server is already powered OFF."),
    "RAC0182": Text("The iDRAC firmware was rebooted with the following reason: %1."),
    "RAC0212": Text(
        "Login failed. Verify that username and password is correct.",
        "Informational",
        "Enter valid credentials.",
    ),
    "RAC0218": Text(
        "The maximum number of user sessions is reached.",
        "Informational",
        "Close sessions that are not needed and retry the operation.",
    ),
    "RAC0701": Text("Requested system powerup."),
    "RAC0702": Text("Requested system powercycle."),
    "RAC0703": Text("Requested system hardreset."),
    "RAC0704": Text("Requested system powerdown."),
    "RAC0705": Text("Requested system graceful shutdown."),
    "RAC0706": Text("Requested system NMI."),
    "RAC1260": Text(
        "Unable to complete the operation because the default password is still in use and must be changed.",
        "Critical",
        "Change the default password.",
    ),
    "SYS1000": Text("System is turning on."),
    "SYS1001": Text("System is turning off."),
    "SYS1003": Text("System CPU Resetting."),
    "SYS336": Text("An existing hash value is updated because some system configuration items are changed."),
    "SYS400": Text(
        "Unable to complete the operation because the ETag value entered does not match the resource.",
        "Warning",
        RETRY,
    ),
    "SYS401": Text(
        "Unable to complete the operation because the media type entered is not supported.", "Warning", RETRY
    ),
    "SYS402": Text(
        "Unable to run the method because the requested HTTP method is not allowed.", "Informational", RETRY
    ),
    "SYS403": Text(
        "Unable to complete the operation because the resource %1 entered is not found.",
        "Critical",
        "Enter the correct resource and retry the operation.",
    ),
    "SYS405": Text(
        "Unable to complete the operation because the JSON data format entered is invalid.",
        "Critical",
        RETRY,
    ),
    "SYS407": Text(
        "Unable to complete the operation because the value %1 entered for the query parameter %2 is "
        "invalid.",
        "Warning",
        RETRY,
    ),
    "SYS413": Text("The operation successfully completed."),
    "SYS414": Text("A new resource is successfully created."),
    "SYS415": Text(
        "Unable to complete the operation because an invalid username and/or password is entered, and "
        "therefore authentication failed.",
        "Warning",
        "Enter valid user name and password and retry the operation.",
    ),
    "SYS416": Text(
        "Unable to complete the operation because the username and/or password is not entered, and "
        "therefore authentication failed.",
        "Warning",
        "Enter valid user name and password and retry the operation.",
    ),
    "SYS417": Text(
        "Unable to complete the operation because the value %1 entered for the query parameter %2 is out "
        "of range %3.",
        "Warning",
        RETRY,
    ),
    "SYS424": Text(
        "Unable to complete the operation because the value %1 entered for the property %2 is of "
        "different type than the property can accept.",
        "Warning",
        RETRY,
    ),
    "SYS426": Text(
        "Unable to complete the operation because the value %1 entered for the property %2 is not in the "
        "list of acceptable values.",
        "Warning",
        RETRY,
    ),
    "SYS428": Text(
        "Unable to complete the operation because the property %1 is a required property and must be "
        "included in the request.",
        "Warning",
        RETRY,
    ),
    "SYS429": Text(
        "Unable to complete the operation because the property %1 is not in the list of valid properties "
        "for the resource.",
        "Warning",
        RETRY,
    ),
    "SYS430": Text("The operation is successfully completed."),
    "SYS446": Text(
        "The requested operation cannot be completed because of an internal error.", "Critical", WAIT
    ),
    "SYS451": Text(
        "Unable to complete the operation because the query parameter %1 is not supported.", "Warning", RETRY
    ),
    "SYS457": Text(
        "Unable to complete the operation because the value entered for the query parameter %1 is invalid.",
        "Informational",
        RETRY,
    ),
    "SYS456": Text(
        "Unable to process requested query %1 because the value entered %2 is not supported by the "
        "implementation.",
        "Informational",
        RETRY,
    ),
    "SYS468": Text(
        "Unable to complete the operation because the Authorization request header is present in the "
        "request.",
        "Informational",
        RETRY,
    ),
    "SYS479": Text(
        "There are insufficient privileges for the account or credentials associated with the current "
        "session to perform the requested operation.",
        "Critical",
        "Use an account with the privilege.",
    ),
    "SYS518": Text(
        "iDRAC is currently unable to display any information because data sources are unavailable.",
        "Informational",
        WAIT,
    ),
    "SWC0700": Text(
        "iDRAC is not ready. The configuration values cannot be accessed. Please retry after a few minutes.",
        "Critical",
        WAIT,
    ),
    "TMP0120": Text(
        "The system inlet temperature is greater than the upper warning threshold.",
        "Warning",
        "Check system operating environment.",
    ),
    "USR0030": Text("Successfully logged in using %1, from %2 and %3."),
    "USR0031": Text(
        "Unable to log in for %1 from %2 using %3.",
        "Informational",
        "Make sure the login credentials are valid and retry the operation.",
    ),
    "USR0032": Text("The session for %1 from %2 using %3 is logged off."),
    "USR0034": Text(
        "Login attempt alert for %1 from %2 using %3, IP will be blocked for %4 seconds.",
        "Warning",
        "Make sure the credentials used are correct.",
    ),
    "VDR8": Text(
        "%1 is degraded either because the physical disk drive in the drive group is removed or the physical "
        "disk drive added in a redundant virtual drive has failed.",
        "Warning",
        "Replace the failed drive.",
    ),
}
