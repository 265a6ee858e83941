"""What the doors of the dashboard share: the page that asks, the cookie that opens, and where somebody goes next."""

from datetime import timedelta

from fastapi import Request, Response, status
from fastapi.responses import RedirectResponse

from controller.api.collaborators import Collaborators
from controller.dashboard.admission import COOKIE
from controller.dashboard.rendering import page


def ask(request: Request, needed: Collaborators, *, wanted: str, refusal: str = "", status: int = 200) -> Response:
    """Return the page on which people sign in, with why they were not let in."""
    issuer = needed.issuer.options.name if needed.issuer is not None else None
    return page(request, "sign_in.html", {"next": wanted, "refusal": refusal, "issuer": issuer}, status=status)


def let_in(wanted: str, cookie: str, lifetime: timedelta, *, is_encrypted: bool) -> Response:
    """Lead somebody to a page of ours with the cookie of his visit."""
    answer = RedirectResponse(wanted, status.HTTP_303_SEE_OTHER)
    answer.set_cookie(
        COOKIE, cookie, max_age=int(lifetime.total_seconds()), httponly=True, samesite="lax", secure=is_encrypted
    )
    return answer


def here(wanted: str) -> str:
    """Return where to go next, if that is a page of ours: nobody is led elsewhere by a link to the sign-in."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if is_ours and wanted.isprintable() else "/"
