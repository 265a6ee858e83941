"""What must hold between the recipe of the built-in trainer and the parameters and fidelities that vary it."""

from collections.abc import Iterator, Mapping

from podium.fault import Fault, suggest_name
from podium.parameters import CategoricalParameter, IntegerParameter, Parameter, RealParameter
from podium.recipe import HYPERPARAMETERS, Hyperparameter, Kind
from podium.spec import Fidelity
from podium.trainer import Training


def recipe_faults(
    training: Training, parameters: Mapping[str, Parameter], fidelity: Fidelity | None
) -> Iterator[Fault]:
    """Yield every fault of the tuned parameters, and of the fixed settings beside them."""
    for name, parameter in parameters.items():
        path = f"parameters.{name}"
        if name not in HYPERPARAMETERS:
            yield Fault(path=path, found=name, allowed=suggest_name(name, HYPERPARAMETERS))
            continue
        if getattr(training, name) != Training.model_fields[name].default:  # a spec read back holds every default
            yield Fault(
                path=f"training.{name}", found="fixed and tuned at once", allowed="a name in one of the two places"
            )
        yield from _range_faults(path, parameter, HYPERPARAMETERS[name])
    yield from _nesterov_faults(parameters, training)
    if fidelity is not None:
        yield from _fidelity_faults(parameters, training, fidelity)


def _range_faults(path: str, parameter: Parameter, known: Hyperparameter) -> Iterator[Fault]:
    match parameter:
        case CategoricalParameter():
            for position, choice in enumerate(parameter.choices):
                if not known.is_allowed(choice):
                    yield Fault(path=f"{path}.choices[{position}]", found=choice, allowed=known.allowed)
        case RealParameter() if known.kind is not Kind.REAL:
            yield Fault(path=f"{path}.type", found="real", allowed=known.allowed)
        case IntegerParameter() if known.kind not in (Kind.REAL, Kind.INTEGER):
            yield Fault(path=f"{path}.type", found="integer", allowed=known.allowed)
        case RealParameter() | IntegerParameter():
            for bound, value in (("low", parameter.low), ("high", parameter.high)):
                if not known.is_allowed(value):
                    yield Fault(path=f"{path}.{bound}", found=value, allowed=known.allowed)


def _nesterov_faults(parameters: Mapping[str, Parameter], training: Training) -> Iterator[Fault]:
    """Nesterov momentum needs momentum (Sutskever et al. 2013); torch refuses it without."""
    nesterov, momentum = parameters.get("nesterov"), parameters.get("momentum")
    if not (nesterov.contains(True) if nesterov else training.nesterov) or not _may_be_sgd(parameters, training):
        return
    if momentum is None and training.momentum == 0:
        yield Fault(path="training.momentum", found=0, allowed="a number above 0, since nesterov may be true")
    elif momentum is not None and momentum.contains(0.0):
        yield Fault(path="parameters.momentum", found=0, allowed="numbers above 0, since nesterov may be true")


def _may_be_sgd(parameters: Mapping[str, Parameter], training: Training) -> bool:
    optimizer = parameters.get("optimizer")
    return optimizer.contains("sgd") if optimizer else training.optimizer == "sgd"


def _fidelity_faults(parameters: Mapping[str, Parameter], training: Training, fidelity: Fidelity) -> Iterator[Fault]:
    full = fidelity.max or max((fidelity.rungs or {}).values())
    warmup = parameters.get("warmup_epochs")
    allowed = f"fewer than the {full} epochs of the full training"
    if training.warmup_epochs >= full:
        yield Fault(path="training.warmup_epochs", found=training.warmup_epochs, allowed=allowed)
    for path, most in _largest(warmup):
        if most >= full:
            yield Fault(path=f"parameters.warmup_epochs.{path}", found=most, allowed=allowed)
    if fidelity.image_size and "image_size" in parameters:
        path, allowed = "fidelity.image_size", "one of the two: a size for each rung, or a tuned size"
        yield Fault(path=path, found="sizes of rungs beside a tuned image_size", allowed=allowed)


def _largest(parameter: Parameter | None) -> Iterator[tuple[str, int]]:
    """Yield where a parameter of whole numbers says how large it may be, and what it says there."""
    if isinstance(parameter, IntegerParameter):
        yield "high", parameter.high
    if isinstance(parameter, CategoricalParameter):
        for position, choice in enumerate(parameter.choices):
            if isinstance(choice, int):
                yield f"choices[{position}]", choice
