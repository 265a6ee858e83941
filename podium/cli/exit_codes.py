"""What the exit codes of `podium` mean: the one place that says so, in the help and in docs/cli.md."""

from collections.abc import Mapping

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130

EXIT_CODES: Mapping[int, str] = {
    0: "done, or detached",
    FAILED: "refused, no answer, paused, or nothing found; `doctor` found something broken; `import` needs a hand",
    BAD_INPUT: "wrong input: an option, a file, a spec with faults",
    INTERRUPTED: "interrupted",
}
