"""Why somebody was not let in by way of the issuer. The sign-in page shows the words; they name the remedy.

SignInRefused
  IssuerAway     503   the issuer does not answer, or not as an issuer does
  NotBelieved    401   what the browser or the issuer brought is not what was asked for
  InNoGroup      403   the issuer knows him, and none of his groups opens Podium
"""


class SignInRefused(Exception):
    """A sign-in that ends here. `status` is the HTTP status of the page that says so."""

    status = 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class IssuerAway(SignInRefused):
    status = 503


class NotBelieved(SignInRefused):
    pass


class InNoGroup(SignInRefused):
    status = 403
