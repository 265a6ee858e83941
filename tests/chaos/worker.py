"""A training script that keeps a diary: each epoch it really trains is a line in $CHAOS_DIARY, appended at once.

What it learns is a function of the configuration and the epoch, and its checkpoint carries a sum over all epochs, so
that a result shows whether any epoch was lost or done twice.
"""

import json
import os
import time

import podium


def main() -> None:
    diary = os.open(os.environ["CHAOS_DIARY"], os.O_WRONLY | os.O_APPEND)
    with podium.trial() as trial:
        total = 0
        if checkpoint := trial.load_checkpoint():
            total = json.loads(checkpoint.data)["total"]
        for epoch in trial.epochs():
            time.sleep(float(os.environ["CHAOS_EPOCH_SECONDS"]))
            total += epoch
            entry = {"trial": trial.number, "epoch": epoch, "attempt": trial.assignment.attempt, "pid": os.getpid()}
            os.write(diary, (json.dumps(entry) + "\n").encode())
            score = 1.0 - (float(trial.parameters["x"]) - 0.3) ** 2 - 0.1 / epoch
            trial.report(epoch=epoch, checkpoint=json.dumps({"total": total}).encode(), score=score, total=total)


if __name__ == "__main__":
    main()
