"""What one run trains with: the experiment's fixed settings, overridden by the trial's tuned values."""

from pydantic import ValidationError

from podium.parameters import Configuration
from podium.trainer import Training
from podium.wire import RunAssignment


class UnusableSettings(Exception):
    """The experiment does not describe a training that this trainer can do."""


def settings_of(assignment: RunAssignment) -> Training:
    """Return the settings of this trial, each of the type that the API gave it. Raises UnusableSettings."""
    if assignment.training is None:
        raise UnusableSettings(
            "this experiment has no `training` section; its `trial.command` is to be started instead"
        )
    return tuned(assignment.training, assignment.configuration, image_size=assignment.image_size)


def tuned(training: Training, configuration: Configuration, *, image_size: int | None = None) -> Training:
    """Return fixed settings with tuned ones in them, and the size of a rung's images. Raises UnusableSettings."""
    fixed = training.model_dump(exclude_unset=True)
    if image_size is not None:
        fixed["image_size"] = image_size
    try:
        return Training.model_validate({**fixed, **configuration})
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise UnusableSettings(f"training.{name}: found {first['input']!r}; {first['msg']}") from None
