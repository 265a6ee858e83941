"""The one door for experiment specs: a document comes in, a whole spec or *all* its faults come out."""

import copy
import json
import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from podium.checks import Sections, cross_faults, sections_of
from podium.fault import Fault, suggest_name
from podium.parameters import Constraint, Parameter
from podium.spec import ExperimentSpec, Fidelity, Objective, StopWhen, Threshold, TrialProcess
from podium.trainer import Training

T = TypeVar("T")
Location = tuple[int | str, ...]
PLAIN: Mapping[str, str] = {
    "missing": "a value; it is missing",
    "finite_number": "a finite number",
    "dict_type": "a mapping: keys with values",
    "model_type": "a mapping: keys with values",
    "list_type": "a list",
}
"""What is allowed, by pydantic's word for what is wrong, where its own sentence speaks of Python."""


class SpecRejected(ValueError):
    """A spec has faults; `faults` holds every one of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(map(str, faults)))


def parse_spec(document: object) -> ExperimentSpec:
    """Return the spec that `document` describes. Raises SpecRejected with every fault it has."""
    try:
        spec = ExperimentSpec.model_validate(document)
    except ValidationError as error:
        raise SpecRejected(_every_fault(error, document)) from None
    if faults := list(cross_faults(sections_of(spec))):
        raise SpecRejected(faults)
    return spec


def _every_fault(error: ValidationError, document: object) -> list[Fault]:
    """Collect the faults that pydantic saw, and those that it could not see behind them."""
    faults = faults_of(error.errors(), document, ExperimentSpec)
    known = _without_unknown_keys(error, document)
    try:
        ExperimentSpec.model_validate(known)
    except ValidationError as behind:  # a section with an unknown key skips its own checks
        seen = {fault.path for fault in faults}
        faults += [fault for fault in faults_of(behind.errors(), known, ExperimentSpec) if fault.path not in seen]
    if not isinstance(known, Mapping):
        return faults  # nothing in it can contradict anything
    told = {fault.path for fault in faults}
    return faults + [fault for fault in cross_faults(_sound_sections(known)) if fault.path not in told]


def faults_of(errors: Iterable[ErrorDetails], document: object, model: type[BaseModel] | None = None) -> list[Fault]:
    """Translate pydantic's errors about `document` into faults, one for each path.

    With the `model`, the fault of an unknown key lists the known ones.
    """
    by_path: dict[str, Fault] = {}
    for error in errors:
        path = _path(error, document)
        allowed = _allowed(error, model)
        if path in by_path:  # one error for each type that a union admits
            earlier = by_path[path]
            allowed = earlier.allowed if allowed in earlier.allowed else f"{earlier.allowed}, or {allowed}"
        found = None if error["type"] == "missing" else _shown(error["input"])
        by_path[path] = Fault(path=path, found=found, allowed=allowed)
    return list(by_path.values())


def _path(error: ErrorDetails, document: object) -> str:
    """Join the location as a user would write it, without pydantic's names of union members."""
    path = ""
    for step in _document_steps(error, document):
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _document_steps(error: ErrorDetails, document: object) -> Location:
    steps: list[int | str] = []
    node = document
    for position, step in enumerate(error["loc"]):
        is_last = position == len(error["loc"]) - 1
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        elif not (is_last and error["type"] == "missing"):
            continue
        steps.append(step)
    return tuple(steps)


def _without_unknown_keys(error: ValidationError, document: object) -> object:
    pruned = copy.deepcopy(document)
    for details in error.errors():
        if details["type"] == "extra_forbidden":
            *way, key = _document_steps(details, document)
            node: Any = pruned  # Any: steps lead through dicts and lists of whatever the user wrote
            for step in way:
                node = node[step]
            del node[key]
    return pruned


def _allowed(error: ErrorDetails, model: type[BaseModel] | None) -> str:
    match error["type"]:
        case "extra_forbidden" if model is not None:
            return suggest_name(str(error["loc"][-1]), _known_keys(error["loc"], model))
        case "extra_forbidden":
            return "no such key; /docs lists those that are known"
        case "string_pattern_mismatch" if error["loc"] == ("name",):
            return "a DNS label of 1 to 36 lower-case letters, digits and dashes, a letter first and no dash last"
        case "string_pattern_mismatch":
            return f"text that matches {error.get('ctx', {}).get('pattern')}"
        case "union_tag_invalid":
            return f"`type` one of {error.get('ctx', {}).get('expected_tags')}"
        case "too_short":
            least = int(error.get("ctx", {}).get("min_length", 1))
            return f"at least {least} of them"
        case kind if kind in PLAIN:
            return PLAIN[kind]
        case _:
            return error["msg"].removeprefix("Value error, ").removeprefix("Input should be ")


def _known_keys(location: Location, model: type[BaseModel]) -> list[str]:
    """List the keys of the section in which an unknown key stands."""
    models = [model]
    for step in location[:-1]:
        tagged = [candidate for candidate in models if step in _tags(candidate)]
        fields = [candidate.model_fields[step] for candidate in models if step in candidate.model_fields]
        if tagged:
            models = tagged
        elif fields:
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    return sorted({name for candidate in models for name in candidate.model_fields})


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:  # Any: a Literal's members have no common type
    field = model.model_fields.get("type")
    return get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _shown(value: object) -> JsonValue:
    """Return what was found as JSON, short enough to print."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case int() if value.bit_length() > 64:
            return f"an integer of {value.bit_length()} bits"
        case bool() | int() | float() | None:
            return value
        case str():
            return value if len(value) <= 200 else value[:197] + "..."
        case _:
            return _shown_whole(value, _brief(value))


def _brief(value: object) -> str:
    """Write `value` like repr, but stop early: YAML's aliases make cycles, and bombs that a repr would unfold."""
    brief = reprlib.Repr()
    brief.maxlevel, brief.maxdict, brief.maxlist, brief.maxstring, brief.maxother = 4, 12, 12, 200, 200
    return brief.repr(value)


def _shown_whole(value: object, text: str) -> JsonValue:
    """Return what is short as it is, and of anything else, or what is not JSON, the text that a person would read."""
    if len(text) <= 200 and "..." not in text:
        try:
            whole: JsonValue = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError):  # dates, sets, bytes, NaN
            return text
        return whole
    return text if len(text) <= 200 else text[:197] + "..."


def _sound_sections(document: object) -> Sections:
    """Keep the sections that are right by themselves, so that what lies between them can be checked too."""
    given = document if isinstance(document, Mapping) else {}
    written = given.get("parameters")
    named = written if isinstance(written, Mapping) else {}
    parameters = {
        str(name): parameter
        for name, value in named.items()
        if (parameter := _sound(TypeAdapter(Parameter), value)) is not None
    }
    training = _sound(TypeAdapter(Training), given.get("training"))
    trial = _sound(TypeAdapter(TrialProcess), given.get("trial"))
    return Sections(
        objective=_sound(TypeAdapter(Objective), given.get("objective")),
        other_objectives=_sound(TypeAdapter(list[Objective]), given.get("other_objectives", [])) or [],
        thresholds=_sound(TypeAdapter(list[Threshold]), given.get("thresholds", [])) or [],
        stop_when=_sound(TypeAdapter(StopWhen), given.get("stop_when")),
        stop_early=given.get("stop_early") is True,
        parameters=parameters,
        constraints=_sound(TypeAdapter(list[Constraint]), given.get("constraints", [])) or [],
        baseline=_sound(TypeAdapter(dict[str, bool | int | float | str]), given.get("baseline")),
        guesses=_sound(TypeAdapter(list[dict[str, bool | int | float | str]]), given.get("guesses", [])) or [],
        training=training,
        trial=trial,
        fidelity=_sound(TypeAdapter(Fidelity), given.get("fidelity")),
        is_trained_once=("training" in given) == (training is not None) and ("trial" in given) == (trial is not None),
        are_parameters_whole=isinstance(written, Mapping) and len(parameters) == len(written),
    )


def _sound(adapter: TypeAdapter[T], value: object) -> T | None:
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return None
