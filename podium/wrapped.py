"""A command that knows nothing of Podium, as a trial: parameters go into it, and metrics are read from what it prints.

    python -m podium.wrapped --metric accuracy -- python mnist.py --lr='${lr}' --epochs='${PODIUM_EPOCHS}'

`${name}` stands for a parameter, ${PODIUM_EPOCHS} for the epochs that this run is to reach, ${PODIUM_TRIAL} for the
trial's number; `$${name}` stays `${name}`, for a shell to fill in. A line like `accuracy=0.93`, or several such on one
line, tells metrics; each time the objective is told another epoch is over, up to the last: what is told beyond that
counts for the last. The command starts anew for each run, so that an experiment with several rungs says
`fidelity.resumable: false`. Its exit code is the trial's; other output passes through.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence

import podium
from podium.leaving import Fault
from podium.sdk import Trial

METRIC = re.compile(r"([\w|./-]+)\s*=\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|nan|[+-]?inf)", re.IGNORECASE)
"""As Katib's collector reads standard output, and what has diverged."""
GRACE_SECONDS = 10.0
"""Within the usual 30 of a Pod, of which the report of what was under way takes some."""
PLACEHOLDER = re.compile(r"\$(\$?)\{(\w+)\}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m podium.wrapped", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--metric", action="append", required=True, help="the objective; others may be named after it")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    asked = parser.parse_args()
    with podium.trial() as trial:
        run(trial, asked.command, asked.metric)


def run(trial: Trial, command: Sequence[str], metrics: Sequence[str]) -> None:
    """Run the command to its end, and report what it told. Leaves with its exit code where that is not 0."""
    values = {**trial.parameters, "PODIUM_EPOCHS": trial.to_epoch, "PODIUM_TRIAL": trial.number}
    with subprocess.Popen(filled(command, values), stdout=subprocess.PIPE, text=True, errors="replace") as process:
        assert process.stdout is not None
        try:
            last = _report(trial, process.stdout, metrics)
        except BaseException:
            _end(process)  # it trains for nobody any more
            raise
    if process.returncode:
        sys.exit(process.returncode if process.returncode > 0 else 128 - process.returncode)
    if last is None:
        raise Fault(f"the command ended without a line like `{metrics[0]}=0.5`")
    trial.report(epoch=trial.to_epoch, checkpoint=None, samples_per_second=None, **last)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask a process to end, and end it where it does not: a verdict is followed by no SIGKILL from elsewhere."""
    process.terminate()
    try:
        process.wait(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _report(trial: Trial, lines: Iterable[str], metrics: Sequence[str]) -> dict[str, float] | None:
    """Report every epoch but the last as it is told; return what is told of that, None where nothing was told."""
    told: dict[str, float] = {}
    last: dict[str, float] | None = None
    epoch = 0
    for line in lines:
        sys.stdout.write(line)
        sys.stdout.flush()
        told |= metrics_in(line, metrics)
        if metrics[0] not in told:
            continue
        if last is not None and epoch < trial.to_epoch:
            trial.report(epoch=epoch, checkpoint=None, samples_per_second=None, **last)
        epoch, last, told = epoch + 1, told, {}
    return None if last is None else last | told


def filled(command: Sequence[str], values: Mapping[str, object]) -> list[str]:
    """Return the command with its placeholders filled in. Raises Fault for one that is no parameter's."""

    def value(found: re.Match[str]) -> str:
        is_kept, name = found.groups()
        if is_kept:
            return f"${{{name}}}"
        if name not in values:
            raise Fault(
                f"{found.group(0)} is no parameter of this experiment; there are {', '.join(values)}; "
                f"where a shell is to fill it in, write ${found.group(0)}"
            )
        return str(values[name])

    return [PLACEHOLDER.sub(value, word) for word in command]


def metrics_in(line: str, names: Sequence[str]) -> dict[str, float]:
    """Return the metrics that a line tells, of those that are wanted."""
    return {name: float(value) for name, value in METRIC.findall(line) if name in names}


if __name__ == "__main__":
    main()
