"""Messages of the job queue and the Lifecycle Controller."""

from __future__ import annotations

from typing import Final

from dsm_desktop.simulator.texts.text import RETRY, Text

JOBS: Final[dict[str, Text]] = {
    "JCP001": Text("Task successfully scheduled."),
    "JCP004": Text(
        "Time elapsed - Job Failed.",
        "Informational",
        "Retry the action and increase the time window so that the job can complete.",
    ),
    "JCP009": Text("Scheduled job was cancelled."),
    "JCP015": Text(
        "A running job cannot be deleted.",
        "Warning",
        "Wait for the job to have a completed job status. Retry the operation.",
    ),
    "JCP016": Text(
        "Invalid UntilTime value. A minimum of 5 minutes is required.",
        "Warning",
        "Set the UntilTime at least 5 minutes after StartTime and retry the operation.",
    ),
    "JCP017": Text(
        "Job creation request unsuccessful. Maximum number of jobs reached.",
        "Warning",
        "Delete one or more jobs and retry the operation.",
    ),
    "JCP022": Text(
        "Invalid Job ID %1 for scheduling or deletion operation.",
        "Warning",
        "Verify the job ID value by enumerating job instances and retry the operation.",
    ),
    "JCP026": Text(
        "Update packages are being downloaded. This job resumes when the downloads are completed."
    ),
    "JCP033": Text("New job."),
    "JCP036": Text("The job %1 is successfully deleted."),
    "JCP038": Text(
        "Unable to run the (installation or configuration) job %1 because %2.",
        "Informational",
        "Look for related entries of the Lifecycle Log and retry the operation.",
    ),
    "JCP041": Text(
        "Unable to successfully run the job because the System Lockdown mode is enabled.",
        "Warning",
        "Disable the System Lockdown mode and retry the operation.",
    ),
    "LC023": Text(
        "Cannot access network share.",
        "Warning",
        "Check that the share's address, name and credentials are right and that the iDRAC can reach it.",
    ),
    "LC060": Text(
        "Lifecycle controller is currently not ready to take provisioning requests",
        "Warning",
        "Wait until Lifecycle controller finishes performing current tasks and host system to finish POST.",
    ),
    "LC068": Text(
        "Unable to perform the import or export operation because there are pending attribute changes or a "
        "configuration job is in progress.",
        "Warning",
        "Apply or cancel any pending attribute changes. If a configuration job is in progress, wait until it is "
        "completed.",
    ),
    "PR20": Text("Job in progress."),
    "PR21": Text(
        "Job failed.",
        "Warning",
        "Check the Lifecycle Log for more details associated with this failure then retry the operation.",
    ),
    "PR22": Text("Preparing new job."),
    "PR23": Text("Job is ready for execution."),
    "PR24": Text("Job cancelled."),
    "PR31": Text(
        "Job completed with errors.",
        "Warning",
        "Check the Lifecycle Log for more details associated with this warning then retry the operation.",
    ),
    "RAC0679": Text(
        "A job operation is already running. Retry the operation after the existing job is completed.",
        "Warning",
        "Wait until the running job is completed or delete the scheduled job and retry the operation",
    ),
    "RED029": Text("A reboot is pending."),
    "RED030": Text("Reboot is complete."),
    "SUP022": Text(
        "Job store has reached the maximum storage limit.",
        "Warning",
        "New JobID cannot be stored. Manually delete the failed jobs and retry the operation.",
    ),
    "SYS011": Text(
        "Pending configuration values are already committed, unable to perform another set operation.",
        "Warning",
        "Wait for the scheduled job to complete or delete the configuration jobs before attempting more set "
        "attribute operations.",
    ),
    "SYS023": Text(
        "No configuration changes pending.",
        "Warning",
        "Ensure there are pending values for the attributes that need to be set and retry the operation.",
    ),
    "SYS406": Text(
        "Unable to start the configuration operation because the System Lockdown mode is enabled.",
        "Informational",
        "Make sure that the Lockdown.1.SystemLockdown attribute is set to Disabled and retry the operation.",
    ),
    "SYS436": Text(
        "Unable to create the job because the Start Time entered is invalid.",
        "Warning",
        "Enter the Start Time as YYYY-MM-DDTHH:MM:SS and retry the operation.",
    ),
    "SYS437": Text(
        "Unable to create the job because the EndTime value entered is less than 5 minutes of StartTime value.",
        "Warning",
        "Enter an EndTime value that is greater than 5 minutes of the StartTime value.",
    ),
    "SYS440": Text(
        "Unable to Create Job because the End Time entered is invalid.",
        "Warning",
        "Enter the End Time as YYYY-MM-DDTHH:MM:SS and retry the operation.",
    ),
    "SYS447": Text("Unable to create the job because the time %1 entered is invalid.", "Warning", RETRY),
    "SYS448": Text(
        "The job cannot be created because the MaintenanceWindowDurationInSeconds value entered is invalid.",
        "Warning",
        "Enter a value that is greater than 300 seconds of the MaintenanceWindowStartTime value.",
    ),
}
