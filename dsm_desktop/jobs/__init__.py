"""The vocabulary of work: job declarations, targets, the context an operation sees, decisions."""

from dsm_desktop.jobs.context import HostTarget, JobContext, Option, Question, ServerClients, Target, TimedOut
from dsm_desktop.jobs.declaration import (
    Beside,
    Catalogue,
    Danger,
    JobType,
    NotAllDone,
    Paced,
    Params,
    Result,
    Targets,
    job,
)
from dsm_desktop.jobs.requirements import Crowd, Requirement, idrac, licence, powered

__all__ = [
    "Beside",
    "Catalogue",
    "Crowd",
    "Danger",
    "HostTarget",
    "JobContext",
    "JobType",
    "NotAllDone",
    "Option",
    "Paced",
    "Params",
    "Question",
    "Requirement",
    "Result",
    "ServerClients",
    "Target",
    "Targets",
    "TimedOut",
    "idrac",
    "job",
    "licence",
    "powered",
]
