"""The reference of the API, made here from its OpenAPI document: no script, and nothing from another address."""

from fastapi import APIRouter, Request, Response

from controller.api.security import needs
from controller.dashboard import rendering
from controller.dashboard.outline import outline_of
from podium.wire import API_PREFIX

router = APIRouter()


@router.get("/docs")
def show(request: Request) -> Response:
    document = request.app.openapi()
    values = {
        "version": document["info"]["version"],
        "outline": outline_of(document, needs()),
        "url": str(request.base_url),
        "prefix": API_PREFIX,
    }
    return rendering.page(request, "reference.html", values)
