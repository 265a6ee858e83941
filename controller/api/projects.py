"""Projects: made by admins, listed to whoever sees them."""

from fastapi import APIRouter, status

from controller import audit, project_table
from controller.api.collaborators import Now, Transaction
from controller.api.pages import CursorText, Limit, name_after, page
from podium.access import Project, ProjectOrder
from podium.audit import Action
from podium.wire import Page

router = APIRouter(prefix="/projects", tags=["access"])


@router.post("", status_code=status.HTTP_201_CREATED)
def create(order: ProjectOrder, session: Transaction, now: Now) -> Project:
    """Make a project, to which tokens can be limited."""
    row = project_table.make(session, order.name, now)
    audit.note(session, Action.PROJECT_CREATED, row.name)
    return project_table.told(row, 0)


@router.get("")
def list_projects(session: Transaction, limit: Limit = 100, cursor: CursorText = None) -> Page[Project]:
    """List projects by their names."""
    rows = project_table.projects(session, after=name_after(cursor), limit=limit + 1)
    return page(rows, limit, key=lambda row: row[0].name, show=lambda row: project_table.told(*row))
