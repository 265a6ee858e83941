"""How a command says what it was asked for: a table for people, JSON or YAML for programs, or ids alone.

A command returns an Answer; `answers` gives it --output and --quiet, and prints it. None prints data by itself.
JSON and YAML are the documents of the API, as they came: what its compatibility is promised for holds for them as well.
"""

import functools
import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal, ParamSpec, TypeAlias, assert_never

import typer
from pydantic import BaseModel
from rich.console import RenderableType

from podium.cli.narrow import print_fitting
from podium.cli.terminal import remarking, results
from podium.client import PodiumError
from podium.documents import write_document

Parameters = ParamSpec("Parameters")
Document: TypeAlias = BaseModel | Sequence[BaseModel] | Mapping[str, object]


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


FormOption = Annotated[Form, typer.Option("--output", "-o", help="How to print it.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids alone, or nothing, and no remarks.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command found: the documents as the controller told them, and how they look to people."""

    document: Document | None
    """None where there is nothing to tell."""
    view: RenderableType
    """What people see. A string is printed as it is, however long its lines."""
    names: Sequence[str | int] = ()
    """What --quiet prints, a line each."""
    code: int = 0
    """What the command exits with."""
    trouble: PodiumError | None = None
    """Why the command fails although it found this: raised once it is printed."""


def answers(command: Callable[Parameters, Answer]) -> Callable[..., int]:
    """Give a command --output and --quiet, and print what it returns as they ask."""

    @functools.wraps(command)
    def told(
        *args: Any, output: Form, quiet: bool, **kwargs: Any
    ) -> int:  # Any: typer passes what the command declares
        with remarking(not quiet):
            answer = command(*args, **kwargs)
        _print(answer, output, quiet=quiet)
        if answer.trouble is not None:
            raise answer.trouble
        return answer.code

    own = inspect.signature(command)
    added = [_parameter("output", FormOption, Form.TABLE), _parameter("quiet", Quiet, False)]
    # typer reads the options from here
    told.__signature__ = own.replace(parameters=[*own.parameters.values(), *added])  # type: ignore[attr-defined]
    return told


def quietly(command: Callable[Parameters, int | None]) -> Callable[..., int | None]:
    """Give a command that prints no data --quiet, which leaves out its remarks."""

    @functools.wraps(command)
    def told(*args: Any, quiet: bool, **kwargs: Any) -> int | None:  # Any: typer passes what the command declares
        with remarking(not quiet):
            return command(*args, **kwargs)

    own = inspect.signature(command)
    added = _parameter("quiet", Annotated[bool, typer.Option("--quiet", "-q", help="Make no remarks.")], False)
    told.__signature__ = own.replace(parameters=[*own.parameters.values(), added])  # type: ignore[attr-defined]
    return told


def print_document(document: Document, form: Literal[Form.JSON, Form.YAML]) -> None:
    """Print documents as JSON or YAML."""
    if form is Form.JSON:
        typer.echo(json.dumps(plain(document), indent=2, ensure_ascii=False))
    else:
        typer.echo(write_document(plain(document)), nl=False)


def plain(document: Document) -> Any:  # Any: JSON
    """Return documents as JSON has them, with what the controller told and nothing that it left out."""
    if isinstance(document, BaseModel):
        return json.loads(document.model_dump_json(exclude_unset=True))
    return dict(document) if isinstance(document, Mapping) else [plain(each) for each in document]


def _print(answer: Answer, form: Form, *, quiet: bool) -> None:
    if answer.document is None:
        return
    match form:
        case Form.JSON | Form.YAML:
            print_document(answer.document, form)
        case Form.TABLE if quiet:
            for name in answer.names:
                typer.echo(str(name))
        case Form.TABLE if isinstance(answer.view, str):
            typer.echo(answer.view)
        case Form.TABLE:
            print_fitting(results(), answer.view)
        case _ as unknown:
            assert_never(unknown)


def _parameter(name: str, annotation: object, default: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
