"""What a 405 answers in `Allow`: every method of an address (RFC 9110, 10.2.1). A router knows those of one route."""

from fastapi import Request
from starlette.routing import Match

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ASKED = ("type", "path", "raw_path", "root_path", "query_string", "headers")


def allowed_methods(request: Request) -> list[str]:
    """Return the methods that a route answers at a request's path."""
    asked = {key: request.scope[key] for key in ASKED if key in request.scope}  # routers write into what they match
    routes = request.app.router.routes
    return [
        method
        for method in METHODS
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in routes)
    ]
