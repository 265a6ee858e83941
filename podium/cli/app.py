"""The commands by name, and the one place where an error becomes a line on stderr and an exit code (see exit_codes)."""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from podium.cli import (
    access,
    control,
    doctor,
    evaluate,
    export,
    fork,
    importing,
    login,
    logs,
    reading,
    report,
    results,
    run,
    webhooks,
)
from podium.cli.exit_codes import BAD_INPUT, EXIT_CODES, FAILED
from podium.cli.local import ControllerDied
from podium.cli.terminal import BadInput
from podium.client import PodiumError, ServerUnreachable, SpecRefused

REMEDY = "name a controller with --url, PODIUM_URL or podium login, or start one with podium-controller up"


class OneLineErrors(TyperGroup):
    """A group of commands whose errors are lines, never tracebacks or boxes."""

    # Any: typer passes through whatever its own `main` takes, and returns what the command returns
    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False  # typer would print the errors itself
        try:
            code = super().main(*args, **kwargs)
        except typer.Abort:
            _complain("nothing was done")
            code = FAILED
        except typer.TyperException as error:
            _complain(in_plain_words(error.format_message()))
            code = error.exit_code
        except (PodiumError, BadInput, OSError) as error:
            code = _explain(error)
        sys.exit(code if isinstance(code, int) else 0)


app = typer.Typer(
    name="podium",
    cls=OneLineErrors,
    help="Tune the hyperparameters of deep learning: a Gaussian process decides what to train, and how long.",
    epilog=f"Exit codes: {'. '.join(f'{code} {meaning}' for code, meaning in EXIT_CODES.items())}.",
    pretty_exceptions_enable=False,
)
app.command()(run.run)
app.command()(run.watch)
app.command()(reading.ls)
app.command()(reading.show)
app.command()(reading.best)
app.command()(reading.trials)
app.command()(reading.trial)
app.command()(logs.logs)
app.command()(export.export)
app.command()(results.results)
app.command()(evaluate.evaluate)
app.command()(report.report)
app.command()(control.change)
app.command()(control.stop)
app.command()(control.pause)
app.command()(control.resume)
app.command()(control.delete)
app.command("import")(importing.import_)
app.command()(fork.fork)
app.command()(login.login)
app.command()(login.logout)
app.command()(login.whoami)
app.command()(doctor.doctor)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(access.tokens, name="tokens")
app.add_typer(access.projects, name="projects")
app.command()(access.audit)

Version = Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)]


@app.callback(invoke_without_command=True)
def podium(context: typer.Context, wants_version: Version = False) -> None:
    if wants_version:
        typer.echo(f"podium {version('podium')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the `podium` command."""
    app()


def _explain(error: PodiumError | BadInput | OSError) -> int:
    match error:
        case SpecRefused():
            _complain(error.problem.detail, [str(fault) for fault in error.problem.faults])
            return BAD_INPUT
        case BadInput():
            _complain(str(error), error.lines)
            return BAD_INPUT
        case ControllerDied():
            _complain(str(error), error.lines)
        case ServerUnreachable():
            _complain(f"{error}; {REMEDY}")
        case BrokenPipeError():
            pass  # whoever read our output has read enough
        case OSError():
            _complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        case _:
            _complain(str(error))
    return FAILED


def in_plain_words(message: str) -> str:
    """Return typer's sentence without what pydantic, which reads its values, says of itself."""
    for words, plain in (("Value error, ", ""), ("Input should be ", "it must be ")):
        message = message.replace(words, plain)
    return message.partition(", unable to parse ")[0]


def _complain(message: str, lines: Sequence[str] = ()) -> None:
    """Print one line, and one below it for each fault. A line break within either would break that promise."""
    typer.echo(f"podium: {' '.join(message.split())}{':' if lines else ''}", err=True)
    for line in lines:
        typer.echo("  " + line.replace("\n", " "), err=True)
