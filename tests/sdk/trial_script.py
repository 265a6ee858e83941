"""The training script whose process these tests look at, with holes for what goes wrong in it."""

from podium import checkpoints

SCRIPT = """
import sys, time
import podium

with podium.trial() as trial:
    trained = []
    if checkpoint := trial.load_checkpoint():
        trained = checkpoint.data.decode().split()
    for epoch in trial.epochs():
        {before}
        trained.append(str(epoch))
        print(*trained, flush=True)
        trial.report(epoch=epoch, checkpoint=" ".join(trained).encode(), val_accuracy={accuracy})
    {after}
"""


def script(before: str = "pass", accuracy: str = "epoch / 10", after: str = "pass") -> str:
    return SCRIPT.format(before=before, accuracy=accuracy, after=after)


def trained(folder: str) -> str:
    checkpoint = checkpoints.load(folder, up_to_epoch=99)
    return checkpoint.data.decode() if checkpoint else ""
