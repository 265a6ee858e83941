"""Commands about who may enter: `tokens`, `projects` and `audit`."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice
from typing import Annotated, TypeVar

import typer
from pydantic import BaseModel, ValidationError

from podium.access import ProjectOrder, Role, Token, TokenOrder
from podium.cli.access_tables import changes_table, projects_table, tokens_table
from podium.cli.output import Answer, answers, quietly
from podium.cli.reading import Url, connect
from podium.cli.terminal import BadInput, remarks, say
from podium.client import Client, NotFound
from podium.faults import faults_of
from podium.snapshot import utc_now

Order = TypeVar("Order", bound=BaseModel)

USUAL_DAYS = 90
MOST_DAYS = 36_500
tokens = typer.Typer(help="Make, list and revoke the API's tokens; an admin's token is needed.", no_args_is_help=True)
projects = typer.Typer(help="Make and list projects, to which tokens can be limited.", no_args_is_help=True)

TokenName = Annotated[str, typer.Argument(metavar="NAME", help="Under which it is listed and audited.")]
ProjectName = Annotated[str, typer.Argument(metavar="NAME", help="The project's name.")]
Which = Annotated[str, typer.Argument(metavar="TOKEN", help="A token's number or name.")]
RoleOption = Annotated[Role, typer.Option("--role", help="What it may do: read, control, administer.")]
Projects = Annotated[
    list[str] | None, typer.Option("--project", help="To which it is limited; may be given more than once.")
]
Days = Annotated[int, typer.Option("--days", min=1, max=MOST_DAYS, help="How long it is good.")]
Forever = Annotated[bool, typer.Option("--never-expires", help="It is good until it is revoked.")]
Everything = Annotated[bool, typer.Option("--all", help="Also those that are revoked.")]
Experiment = Annotated[
    str | None, typer.Argument(metavar="[EXPERIMENT]", help="Only what was changed of this one: its id or name.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="So many, the latest first.")]


@tokens.command("create")
@answers
def create_token(  # noqa: PLR0913,PLR0917  # typer reads options from parameters
    name: TokenName,
    role: RoleOption = Role.VIEWER,
    project: Projects = None,
    days: Days = USUAL_DAYS,
    never_expires: Forever = False,
    url: Url = None,
) -> Answer:
    """Make a token and print it, this once."""
    expires_at = None if never_expires else utc_now() + timedelta(days=days)
    document = {"name": name, "role": role, "projects": project or None, "expires_at": expires_at}
    order = _checked(TokenOrder, document)
    with connect(url) as client:
        made = client.create_token(order)
    end = f"until {made.token.expires_at:%Y-%m-%d}" if made.token.expires_at else "until it is revoked"
    remarks().print(f"token {made.token.id}, {name}, {role}, good {end}; it is shown this once:", soft_wrap=True)
    return Answer(document=made, view=made.secret, names=[made.secret])


@tokens.command("list")
@answers
def list_tokens(everything: Everything = False, url: Url = None) -> Answer:
    """List tokens. Their secrets are kept nowhere."""
    with connect(url) as client:
        found = [each for each in client.tokens() if everything or each.revoked_at is None]
    return Answer(document=found, view=tokens_table(found, utc_now()), names=[each.id for each in found])


@tokens.command("revoke")
@quietly
def revoke_token(token: Which, url: Url = None) -> None:
    """Close a token for good, and whoever signed in with it out."""
    with connect(url) as client:
        found = _meant(token, list(client.tokens()))
        client.revoke_token(found.id)
    say(f"token {found.id}, {found.name}, opens nothing any more")


@projects.command("create")
@answers
def create_project(name: ProjectName, url: Url = None) -> Answer:
    """Make a project; an admin's token is needed."""
    order = _checked(ProjectOrder, {"name": name})
    with connect(url) as client:
        made = client.create_project(order.name)
    said = f"project {made.name} is there; limit a token to it: podium tokens create NAME --project {made.name}"
    return Answer(document=made, view=said, names=[made.name])


@projects.command("list")
@answers
def list_projects(url: Url = None) -> Answer:
    """List the projects that your token opens."""
    with connect(url) as client:
        found = list(client.projects())
    return Answer(document=found, view=projects_table(found), names=[each.name for each in found])


@answers
def audit(experiment: Experiment = None, limit: Limit = 50, url: Url = None) -> Answer:
    """Show who changed what, the latest first; an admin's token is needed."""
    with connect(url) as client:
        named, missing = (None, None) if experiment is None else _id_of(client, experiment)
        found = list(islice(client.changes(experiment=named), limit))
    if missing is not None and not found:
        raise missing
    return Answer(document=found, view=changes_table(found), names=[each.id for each in found])


def _id_of(client: Client, experiment: str) -> tuple[str, NotFound | None]:
    """Return an experiment's id, and why it is not there: of one that is deleted, the trail still tells by its id."""
    try:
        return client.find(experiment).id, None
    except NotFound as missing:
        return experiment, missing


def _meant(token: str, found: Sequence[Token]) -> Token:
    """Return the token of this number, or the one of this name that still opens something. Raises BadInput."""
    alive = [each for each in found if each.name == token and each.revoked_at is None]
    numbered = [each for each in found if str(each.id) == token]
    if not alive + numbered:
        raise BadInput(f"no token {token!r}; `podium tokens list` lists them")
    return (alive + numbered)[0]


def _checked(order: type[Order], document: Mapping[str, object]) -> Order:
    try:
        return order.model_validate(document)
    except ValidationError as error:
        faults = faults_of(error.errors(), document, order)
        raise BadInput("that cannot be made", [str(fault) for fault in faults]) from None
