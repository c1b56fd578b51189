"""What the job types that update ESXi share: the form's common part."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, ValidationInfo, field_validator

from dsm_desktop.core.errors import BadInput
from dsm_desktop.jobs import Params
from dsm_desktop.workflows.depot import Depot, DepotAt, as_path
from dsm_desktop.workflows.esxi_wanted import EsxiWanted
from dsm_desktop.workflows.recovery_key import WithoutKey


class DepotOptions(Params):
    """Which image, where it lies, and who signs in."""

    foremost: ClassVar[tuple[str, ...]] = ("depot", "depot_file", "depot_store", "profile")
    depot_needed: ClassVar[bool] = True
    """Whether the job is for nothing without one."""

    depot: str = Field(
        "",
        max_length=500,
        title="ESXi depot",
        description="offline bundle as the host sees it: [STORE] folder/bundle.zip, /vmfs/volumes/… or http://…; 'Browse…' at a"
        " datastore copies it",
        json_schema_extra={"suggest": "depot"},
    )
    depot_file: str = Field(
        "",
        max_length=500,
        validate_default=True,
        title="… or a file of this machine",
        description="served to the hosts over HTTP while the job runs",
        json_schema_extra={"widget": "file", "kinds": "Offline bundles (*.zip)"},
    )
    depot_store: str = Field(
        "",
        max_length=120,
        title="Upload the file to datastore",
        description="instead of serving it; it stays there for the other hosts",
        json_schema_extra={"suggest": "datastore name", "when": {"depot_file": True}},
    )
    profile: str = Field(
        "",
        max_length=200,
        title="Image profile",
        description="its exact name; empty: Dell's own on Dell servers, else VMware's standard one",
    )
    pass_hardware_warnings: bool = Field(
        False, title="Pass hardware warnings", description="of ESXi's own check; errors are never passed"
    )
    trust_first: bool = Field(
        True,
        title="Trust an unknown SSH key",
        description="at first contact; it is kept and compared from then on",
    )
    exception_user: bool = Field(
        False,
        title="The account may sign in during lockdown",
        description="it is on the host's list of exception users",
    )

    @field_validator("depot")
    @classmethod
    def _a_host_finds_it(cls, depot: str) -> str:
        if depot.strip():
            try:
                as_path(depot)
            except BadInput as error:
                raise ValueError(f"{error.message} {error.hint}") from error
        return depot

    @field_validator("depot_file")
    @classmethod
    def _one_place(cls, file: str, info: ValidationInfo) -> str:
        named = info.data.get("depot")
        if named is None:
            return file  # what is wrong is said there
        if named.strip() and file.strip():
            raise ValueError("Give a depot or a file of this machine, not both.")
        if cls.depot_needed and not named.strip() and not file.strip():
            raise ValueError("Where is the new ESXi? Name a depot, or choose its offline bundle here.")
        return file

    @field_validator("depot_store")
    @classmethod
    def _only_a_file(cls, store: str, info: ValidationInfo) -> str:
        if store.strip() and info.data.get("depot_file") == "":
            raise ValueError("Only a file of this machine is uploaded.")
        return store

    @property
    def depot_at(self) -> DepotAt:
        return DepotAt(depot=self.depot, file=self.depot_file.strip(), store=self.depot_store.strip())


class EsxiUpdateOptions(DepotOptions):
    """How long an update may take, and what goes before it."""

    recovery_key: WithoutKey = Field(
        WithoutKey.ASK,
        title="Where no recovery key can be saved",
        description="before an update restarts a host; with a TPM, ESXi may need it to start again",
    )
    update_minutes: float = Field(
        60,
        ge=0.05,
        le=600,
        title="Ask when an update takes longer than",
        json_schema_extra={"unit": "minutes"},
    )
    doubt_seconds: float = Field(
        75,
        ge=0.1,
        le=600,
        title="vCenter may show old news for",
        json_schema_extra={"unit": "seconds"},
        description="after a restart was asked for; so long no second one is sent",
    )

    def wanted(self, depot: Depot, *, boot_minutes: float, every: float, ask_hours: float) -> EsxiWanted:
        """For the workflow."""
        return EsxiWanted(
            depot=depot.path,
            sha256=depot.sha256,
            profile=self.profile.strip(),
            pass_hardware_warnings=self.pass_hardware_warnings,
            trust_first=self.trust_first,
            exception_user=self.exception_user,
            update_minutes=self.update_minutes,
            boot_minutes=boot_minutes,
            look_seconds=every,
            doubt_seconds=self.doubt_seconds,
            ask_hours=ask_hours,
        )
