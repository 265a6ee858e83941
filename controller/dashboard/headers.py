"""What a browser may do with a page. The API's own answers are left as they are."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from podium.wire import API_PREFIX

MACHINES = (API_PREFIX, "/openapi.json", "/healthz", "/readyz", "/metrics")
DATA = "/data"

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",  # plotly measures and exports by data: URLs
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {whence}" for what, whence in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",  # a shared machine keeps no page of somebody who signed out
}


def is_for_people(path: str) -> bool:
    """Say whether an address is the dashboard's: every one is but the API's, its description and its probes."""
    return not any(path == each or path.startswith(f"{each}/") for each in MACHINES)


def wants_data(path: str) -> bool:
    """Say whether an address is asked by a script, which can read no error page."""
    return not is_for_people(path) or path.startswith(f"{DATA}/")


class PageHeaders:
    """ASGI middleware: puts the headers on whatever the dashboard answers. An answer's own Cache-Control stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_for_people(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded_send)
