"""Export one trial of experiments by ids, each into FOLDER: FOLDER BREAK_AT ID...; print as JSON what came of each.

BREAK_AT is the epoch at which the real `Run.log` fails, 0 for none.
"""

import json
import sys
from pathlib import Path
from typing import Any

import wandb

from podium.exporting.record import TrialRecord
from podium.exporting.wandb_runs import export
from podium.wire import Experiment

folder, break_at = Path(sys.argv[1]), int(sys.argv[2])
given = json.load(sys.stdin)
log, finish, finished = wandb.Run.log, wandb.Run.finish, list[int | None]()


def breaking(run: Any, *arguments: Any, step: int, **rest: Any) -> None:  # Any: wandb's own
    if step == break_at:
        raise ValueError("the pipe to wandb's process broke")
    log(run, *arguments, step=step, **rest)


def noting(run: Any, exit_code: int | None = None, **rest: Any) -> None:  # Any: wandb's own
    finished.append(exit_code)
    finish(run, exit_code, **rest)


wandb.Run.log, wandb.Run.finish = breaking, noting
errors = []
for experiment_id in sys.argv[3:]:
    experiment = Experiment.model_validate(given["experiment"] | {"id": experiment_id})
    try:
        export(folder, experiment, [TrialRecord.model_validate(given["record"])], project="cars")
    except ValueError as error:
        errors.append(str(error))
json.dump({"errors": errors, "finished": finished}, sys.stdout)
