"""The policy file: what the operator may change at all. Deny by default; the schema is closed.

Read at start and on reload; its hash goes into every audit line. It knows no object and no patch: ``grammar`` says
which fields a group holds, ``checking`` compares a patch with both. Format: docs/policy.md.
"""

import difflib
from collections.abc import Hashable
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from logjedi_contracts import canonical, quantities
from logjedi_contracts.errors import ConfigurationError
from logjedi_contracts.messages import ActionType


class PathGroup(StrEnum):
    """A group of fields that may be switched on; ``grammar`` lists the fields."""

    IMAGE = "image"
    ENV = "env"
    REPLICAS = "replicas"
    RESOURCES = "resources"
    REFERENCES = "references"
    PROBES = "probes"
    COMMAND = "command"
    ARGS = "args"
    SECURITY_CONTEXT = "securityContext"
    SCHEDULING = "scheduling"
    VOLUMES = "volumes"


def _positive_quantity(value: str) -> str:
    if quantities.parse(value) <= 0:
        raise ValueError("must be more than 0")
    return value


def _spelled(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Ceiling = Annotated[str, BeforeValidator(_spelled), AfterValidator(_positive_quantity)]
Step = Annotated[Decimal, BeforeValidator(_spelled), Field(ge=1, le=100)]


class _Closed(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        use_attribute_docstrings=True,
    )


class ImageRules(_Closed):
    """Which images may be set. A change is let through if either rule holds."""

    same_repository: Annotated[bool, Field(strict=True)] = True
    """Another tag or digest of the repository that the container runs now, or what an earlier revision of it ran."""
    allow: tuple[Annotated[str, Field(min_length=1, max_length=300)], ...] = ()
    """Registries (``ghcr.io``) and repositories (``ghcr.io/acme``), each with all below it; ``*``: any."""


class ReplicaBounds(_Closed):
    """How many replicas may be asked for; the bounds themselves are allowed."""

    min: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 1
    max: Annotated[int, Field(ge=0, le=100_000, strict=True)] = 50

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}; swap them")
        return self


class Bounds(_Closed):
    """Ceilings, each for one container."""

    replicas: ReplicaBounds = ReplicaBounds()
    memory: Ceiling = "8Gi"
    cpu: Ceiling = "8"
    step: Step = Decimal(2)
    """The largest factor by which a resource may grow at once."""


class Policy(_Closed):
    """What may be changed. Everything that is not named here is refused."""

    actions: tuple[ActionType, ...] = (
        ActionType.K8S_PATCH,
        ActionType.SCALE,
        ActionType.ROLLBACK,
        ActionType.RESTART,
        ActionType.REPLACE_POD,
    )
    paths: tuple[PathGroup, ...] = (
        PathGroup.IMAGE,
        PathGroup.ENV,
        PathGroup.REPLICAS,
        PathGroup.RESOURCES,
        PathGroup.REFERENCES,
    )
    images: ImageRules = ImageRules()
    bounds: Bounds = Bounds()
    required_approvals: Annotated[int, Field(ge=1, le=10, strict=True)] = 1
    """How many distinct people must approve; an approval rule may ask for more, never for fewer."""


def load(text: str) -> Policy:
    """Read a policy file (YAML or JSON; empty means the defaults).

    Raises ``ConfigurationError`` with one line for each problem: field, cause, cure.
    """
    try:
        content = yaml.load(text, _UniqueKeys)  # noqa: S506  # a SafeLoader that also refuses a key given twice
    except yaml.YAMLError as error:
        raise ConfigurationError([f"policy: not readable as YAML: {' '.join(str(error).split())}; mend it"]) from error
    if content is None:
        return Policy()
    if not isinstance(content, dict):
        raise ConfigurationError(["policy: must be a map of actions, paths, images, bounds; see docs/policy.md"])
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        raise ConfigurationError([_problem(row) for row in error.errors(include_url=False)]) from None


def policy_hash(policy: Policy) -> str:
    """Hash what the policy says, not how it is spelt: 64 hex digits, equal for files of equal effect."""
    content = policy.model_dump(mode="json", by_alias=True)
    content["actions"] = sorted(set(content["actions"]))
    content["paths"] = sorted(set(content["paths"]))
    content["images"]["allow"] = sorted(set(content["images"]["allow"]))
    for name in ("memory", "cpu"):
        content["bounds"][name] = quantities.canonical(content["bounds"][name])
    content["bounds"]["step"] = str(policy.bounds.step.normalize())
    return canonical.sha256(content)


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that is given twice, where YAML would let the last one win."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002  # yaml's own signature
    ) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _problem(row: Any) -> str:
    field = ".".join(str(part) for part in row["loc"])
    if row["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(row["loc"][-1]), _FIELDS, n=1, cutoff=0.6)
        return f"policy: {field}: no such field; {f'did you mean {near[0]}?' if near else 'remove it'}"
    if row["type"] == "enum":
        return f"policy: {field}: {row['input']!r} is not known; write one of {row['ctx']['expected']}"
    cause = row["msg"].removeprefix("Value error, ")
    return f"policy: {field or 'file'}: {cause}, not {_shown(row['input'])}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


_FIELDS = sorted(
    {to_camel(name) for model in (Policy, ImageRules, Bounds, ReplicaBounds) for name in model.model_fields}
)
