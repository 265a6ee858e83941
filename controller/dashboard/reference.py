"""The reference of the API, made here from its OpenAPI document: no script, and nothing from another address."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from controller.api.access import ACCESS
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


def needs() -> Mapping[str, str]:
    """Return what `METHOD /path` wants of who asks, by the paths of the OpenAPI document."""
    told: dict[str, str] = {}
    for key, need in ACCESS.items():
        method, path = key.replace(":path}", "}").split(" ")
        told |= {f"{method} {path}": need.value, f"{method} {API_PREFIX}{path}": need.value}
    return told
