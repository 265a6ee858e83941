"""The `podium` command: everything an experiment needs from a terminal, over the HTTP client alone.

app         the commands by name, and the one place where an error becomes a line and an exit code
run         `run` and `watch`
reading     `ls`, `show`, `best`, `trials` and `trial`
export      `export`: files, and what other tools are told
download    `best --download`
results     `results`, with what to say about them in `results_view`
evaluate    `evaluate`: a trial on the test part
control     `change`, `stop`, `pause`, `resume` and `delete`
following   an experiment watched until it ends, live or as plain lines
progress    what to say about a running experiment: pure functions of what the controller told
tables      what to say about everything else: pure too
output      --output and --quiet: how an answer is printed, in one place
narrow      tables on narrow terminals
completion  what a shell offers
exit_codes  what the exit codes mean
leaves      every command by its full name
logs        `logs`
doctor      `doctor`
local       a controller of one's own for `--local`
address     which controller is meant
terminal    consoles, and the errors that belong to the command line
phrases     numbers and durations in words
"""

from podium.cli.app import main

__all__ = ["main"]
