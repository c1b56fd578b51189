"""A job type is one file: a function with `@job` and a pydantic model of its parameters.

The declaration yields the form, the menu entry, the command-line command, the permission, the confirmation, the audit
line and the log title. Nothing else is edited to add one.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsm_desktop.core.access import Permission
from dsm_desktop.core.errors import BadInput, Blame, DsmError
from dsm_desktop.core.worded import Worded
from dsm_desktop.core.wording import field_problem
from dsm_desktop.jobs.context import JobContext
from dsm_desktop.jobs.requirements import C, Crowd, Fit, Requirement, Verdict, fit

_NONE: Mapping[str, str] = MappingProxyType({})


class Targets(enum.StrEnum):
    """What a job works on: SERVER = one task per server; HOST = one per ESXi host (and the server under it); NONE = one task
    in all (scan, clean-up, a cluster)."""

    SERVER = "server"
    HOST = "host"
    NONE = "none"


class Danger(enum.StrEnum):
    """How it is confirmed: not, by a dialog that lists the targets, or by typing."""

    NONE = "none"
    DISRUPTIVE = "disruptive"
    DESTRUCTIVE = "destructive"


class Beside(enum.StrEnum):
    """What the window shows with a form: the MEDIA that are taken out of the hosts' VMs, or a button for a file of ADDRESSES."""

    MEDIA = "media"
    ADDRESSES = "addresses"


class Params(BaseModel):
    """Base of every parameter model: unknown names refused, values validated on assignment, no secrets ever."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, frozen=True)
    foremost: ClassVar[tuple[str, ...]] = ()
    """Fields that stand first in the form: what is to be done before how it is done."""

    def in_title(self) -> dict[str, str]:
        """Values that a title says otherwise than they were typed (a hundred addresses as a range), by name."""
        return {}


class Paced(Params):
    """Parameters of a job that many servers must not do at the same moment; the queue keeps the pace."""

    max_parallel: int = Field(0, ge=0, le=1000, title="At most at once", description="0 = no limit")
    stagger_seconds: float = Field(
        0, ge=0, le=3600, title="Pause between starts", json_schema_extra={"unit": "seconds"}
    )
    stop_on_failure: bool = Field(False, title="Stop at the first failure")


class Result(BaseModel):
    """Base of every result model: what the operator is told at the end; `summary` is one sentence."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    summary: str = ""


class NotAllDone(DsmError):
    """The work came to its end and left some of it undone: the task has failed, or was cancelled where a person had `stopped` it,
    and keeps its result."""

    blame = Blame.PEER

    def __init__(self, result: Result, *, hint: str, where: str, stopped: bool = False) -> None:
        super().__init__(result.summary, hint=hint, where=where)
        self.result = result
        self.stopped = stopped


Body = Callable[[JobContext, Any], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class JobType:
    """A declared kind of job.

    `kind` is the stable name (also the file's and the CLI command's); `label` what a menu says; `title` a format string
    over `target`, `count` and the parameters' names; `help` the docstring's text; `exclusive` takes the target's lock
    (work that changes the device or must not overlap); `menu` groups the entry ("Power", "Inventory", "Discovery" …);
    `lock` names from the parameters what a job without targets has for itself ("cluster:1:domain-c8");
    `confirm` adds a sentence to the confirmation computed from the parameters; `requires` what a server must be or have;
    `beside` what the window shows with the form.
    """

    kind: str
    label: str
    title: str
    targets: Targets
    needs: Permission
    danger: Danger
    menu: str
    exclusive: bool
    params: type[Params]
    result: type[Result]
    body: Body
    help: str
    confirm: Callable[[Any], str] | None
    danger_of: Callable[[Any], Danger] | None
    requires: tuple[Requirement, ...] = ()
    lock: Callable[[Any], str] | None = None
    beside: Beside | None = None

    def fit(self, servers: Sequence[C]) -> Fit[C]:
        """Which of the servers it can be done on, and why not on the others."""
        return fit(self.requires, servers)

    def judge(self, crowd: Crowd[C]) -> Verdict:
        """Whether it can be done on some of them, and why not on the others."""
        return crowd.judge(self.requires)

    def validate(self, values: Mapping[str, Any]) -> Params:
        """The parameters as their model; BadInput names each wrong field in words."""
        try:
            return self.params.model_validate(values)
        except ValidationError as error:
            lines = [
                f"{'.'.join(str(p) for p in e['loc']) or 'parameters'}: "
                f"{field_problem(e['type'], e['msg'], e.get('ctx', {}))}"
                for e in error.errors()
            ]
            raise BadInput(
                f"{self.label}: " + "; ".join(lines), hint="Correct the named fields.", where=self.kind
            ) from None

    def danger_for(self, params: Params) -> Danger:
        """Danger of these very parameters ("On" is harmless, "Force off" is not)."""
        return self.danger_of(params) if self.danger_of else self.danger

    def title_for(self, params: Params, target: str, count: int, names: Mapping[str, str] = _NONE) -> str:
        """The job's title, e.g. "Graceful restart of R750-ABC1234" or "… of 12 servers". `names`: what parameters that hold an id
        stand for, by parameter."""
        words = {k: _word(v) for k, v in params.model_dump().items()} | params.in_title() | dict(names)
        return self.title.format(**{**words, "target": target, "count": count})


def job(
    kind: str,
    *,
    label: str,
    title: str,
    targets: Targets = Targets.SERVER,
    needs: Permission = Permission.OPERATE,
    danger: Danger = Danger.NONE,
    menu: str = "Tools",
    exclusive: bool = False,
    confirm: Callable[[Any], str] | None = None,
    danger_of: Callable[[Any], Danger] | None = None,
    requires: tuple[Requirement, ...] = (),
    lock: Callable[[Any], str] | None = None,
    beside: Beside | None = None,
) -> Callable[[Body], JobType]:
    """Declare a job type from `async def name(ctx: JobContext, params: XParams) -> XResult`."""

    def declare(body: Body) -> JobType:
        hints = inspect.get_annotations(body, eval_str=True)
        params, result = hints["params"], hints["return"]
        return JobType(
            kind=kind,
            label=label,
            title=title,
            targets=targets,
            needs=needs,
            danger=danger,
            menu=menu,
            exclusive=exclusive,
            params=params,
            result=result,
            body=body,
            help=inspect.cleandoc(body.__doc__ or ""),
            confirm=confirm,
            danger_of=danger_of,
            requires=requires,
            lock=lock,
            beside=beside,
        )

    return declare


class Catalogue(Mapping[str, JobType]):
    """The job types of a package, found by reading its modules: adding a file is all it takes."""

    def __init__(self, types: list[JobType]) -> None:
        self._types = {t.kind: t for t in sorted(types, key=lambda t: (t.menu, t.label))}

    @classmethod
    def of(cls, package: ModuleType) -> Catalogue:
        """All JobType objects in the modules of a package (not recursive)."""
        found: dict[str, JobType] = {}
        for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            module = importlib.import_module(info.name)
            for value in vars(module).values():
                if isinstance(value, JobType):
                    found[value.kind] = value
        return cls(list(found.values()))

    def __getitem__(self, kind: str) -> JobType:
        try:
            return self._types[kind]
        except KeyError:
            raise BadInput(
                f"There is no job type '{kind}'.", hint=f"Known: {', '.join(sorted(self._types))}."
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __contains__(self, kind: object) -> bool:
        return kind in self._types


def _word(value: Any) -> Any:
    return value.words if isinstance(value, Worded) else value
