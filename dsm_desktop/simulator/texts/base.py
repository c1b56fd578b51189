"""Messages of the standard Base registry."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import Text

BASE_TEXTS: Final[dict[str, Text]] = {
    "AccessDenied": Text(
        "The authentication credentials included with this request are missing or invalid.",
        "Critical",
        "Attempt to ensure that the URI is correct and that the service has the appropriate credentials.",
    ),
    "ActionParameterValueConflict": Text(
        "The action %1 conflicts with the present state: parameter %2.",
        "Warning",
        "Wait for the present operation to end and retry.",
    ),
    "Created": Text("The resource has been created successfully.", "OK", "None."),
    "InsufficientPrivilege": Text(
        "There are insufficient privileges for the account or credentials associated with "
        "the current session to perform the requested operation.",
        "Critical",
        "Use an account with the privilege.",
    ),
    "InternalError": Text(
        "The request failed due to an internal service error. The service is still operational.",
        "Critical",
        "Resubmit the request. If the problem persists, consider resetting the service.",
    ),
    "PasswordChangeRequired": Text(
        "The password provided for this account must be changed before access is granted. "
        "PATCH the Password property for this account located at the target URI %1 to "
        "complete this process.",
        "Critical",
        "Change the password for this account using a PATCH to the Password property at the URI provided.",
    ),
    "PropertyUnknown": Text(
        "The property %1 is not in the list of valid properties for the resource.",
        "Warning",
        "Remove the unknown property from the request body and resubmit the request.",
    ),
    "PropertyValueNotInList": Text(
        "The value %1 for the property %2 is not in the list of acceptable values.",
        "Warning",
        "Choose a value from the enumeration list.",
    ),
    "ResourceMissingAtURI": Text(
        "The resource at the URI %1 was not found.",
        "Critical",
        "Place a valid resource at the URI or correct the URI and resubmit the request.",
    ),
    "ServiceTemporarilyUnavailable": Text(
        "The service is temporarily unavailable.  Retry in %1 seconds.",
        "Critical",
        "Wait for the indicated retry duration and retry the operation.",
    ),
    "SessionLimitExceeded": Text(
        "The session establishment failed due to the number of simultaneous sessions "
        "exceeding the limit of the implementation.",
        "Critical",
        "Reduce the number of other sessions before trying to establish the session.",
    ),
    "Success": Text("Successfully Completed Request", "OK", "None"),
}
