"""A training script for tests: each epoch that it really trains is a line in $DIARY, appended at once.

What it learns is a function of the configuration and the epoch, and its checkpoint carries a sum over all epochs, so
that a result shows whether any epoch was lost or done twice. It travels as text in the experiment's command.
"""

import json
import os
import time

import podium
from podium.sdk import Trial


def main() -> None:
    diary = os.open(os.environ["DIARY"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    with podium.trial() as trial:
        total = 0
        if checkpoint := trial.load_checkpoint():
            total = json.loads(checkpoint.data)["total"]
        for epoch in trial.epochs():
            misbehave(os.environ.get("MISBEHAVIOUR", ""), trial)
            time.sleep(float(os.environ.get("EPOCH_SECONDS", "0.5")))
            while not os.path.exists(os.environ.get("GATE", "/")):
                time.sleep(1)
            total += epoch
            entry = {"experiment": trial.assignment.experiment, "trial": trial.number, "epoch": epoch}
            os.write(diary, (json.dumps(entry) + "\n").encode())
            score = 1.0 - (float(trial.parameters["x"]) - 0.3) ** 2 - 0.1 / epoch
            trial.report(epoch=epoch, checkpoint=json.dumps({"total": total}).encode(), score=score, total=total)


def misbehave(how: str, trial: Trial) -> None:
    is_first = trial.assignment.attempt == 1 and trial.assignment.from_epoch == 0
    if how == "eats memory at first" and is_first:
        eaten = []
        while True:
            eaten.append(b"x" * 16_000_000)
    if how == "never reports":
        time.sleep(3600)


if __name__ == "__main__":
    main()
