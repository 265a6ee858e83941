"""A real issuer of OpenID Connect on a socket, oidc-provider-mock, which a test may have lie.

    python -m tests.oidc.provider PORT_FILE CLIENT_ID CLIENT_SECRET [CERTIFICATE]

With a name for a certificate it makes one, NAME.crt and NAME.key, and speaks https.

A process of its own: it stands on what authlib calls deprecated, and here warnings are errors. Beside what the provider
does it holds clients to their verifier (PKCE) and their secret, takes each code once, and does what `PUT /lies` says:
claims of the next ID tokens, the key that signs them, lines of its description, what it tells of somebody, and whether
it has failed.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
from authlib import jose
from oidc_provider_mock import app as provider
from werkzeug.serving import make_server, make_ssl_devcert

Json = dict[str, Any]  # Any: a JSON document
CONTROLS = ("/lies", "/keys", "/asked")
STYLESHEET = re.compile(r"<link\b[^>]*>")


@dataclass
class Liar:
    """The provider, and what it does beside."""

    basic: str
    """The header by which its one client says who it is."""
    app: flask.Flask = field(default_factory=provider)
    lies: Json = field(default_factory=dict)
    challenges: dict[str, str | None] = field(default_factory=dict)
    """By code."""
    asked: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app.put("/lies")(self.lie)
        self.app.put("/keys")(self.change_keys)
        self.app.get("/asked")(self.tell)
        self.app.before_request(self.hold_to_the_protocol)
        self.app.after_request(self.lie_if_told_to)
        self.app.after_request(undressed)

    def lie(self) -> tuple[str, int]:
        self.lies = flask.request.get_json()
        return "", 204

    def change_keys(self) -> tuple[str, int]:
        flask.g.oidc_provider_mock_storage.jwk = jose.RSAKey.generate_key(is_private=True)
        return "", 204

    def tell(self) -> flask.Response:
        return flask.jsonify(self.asked)

    def hold_to_the_protocol(self) -> tuple[flask.Response, int] | None:
        request = flask.request
        if request.path in CONTROLS:
            return None
        self.asked.append({"path": request.path, "query": request.args.to_dict(), "form": request.form.to_dict()})
        if self.lies.get("fails"):
            return flask.jsonify({"error": "server_error"}), 500
        if request.path != "/oauth2/token":
            return None
        if request.headers.get("Authorization") != self.basic:
            return flask.jsonify({"error": "invalid_client"}), 401
        challenge = unpadded(hashlib.sha256(request.form.get("code_verifier", "").encode()).digest())
        if self.challenges.pop(request.form.get("code", ""), None) != challenge:
            return flask.jsonify({"error": "invalid_grant"}), 400
        return None

    def lie_if_told_to(self, answer: flask.Response) -> flask.Response:
        told = answer.get_json(silent=True)
        match flask.request.path:
            case "/oauth2/authorize":
                code = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code", [""])[0]
                self.challenges[code] = flask.request.args.get("code_challenge")
            case "/.well-known/openid-configuration" if told:
                answer.set_data(json.dumps(told | self.lies.get("document", {})))
            case "/userinfo" if told:
                answer.set_data(json.dumps(told | self.lies.get("userinfo", {})))
            case "/oauth2/token" if told and "id_token" in told:
                issued = told | {"id_token": lied(told["id_token"], self.lies)}
                self.asked.append({"path": "issued", **issued})
                answer.set_data(json.dumps(issued))
        return answer


def undressed(answer: flask.Response) -> flask.Response:
    """Leave out the pages' styles, which are on the internet: without one, a browser complains."""
    if answer.mimetype == "text/html":
        answer.set_data(STYLESHEET.sub("", answer.get_data(as_text=True)))
    return answer


def lied(id_token: str, lies: Json) -> str:
    """Return an ID token with other claims, or by another key."""
    _, payload, _ = id_token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "==")) | lies.get("claims", {})
    claims = {name: value for name, value in claims.items() if value is not None}
    claims["exp"] = int(time.time()) + lies.get("seconds", 3600)
    key = flask.g.oidc_provider_mock_storage.jwk
    signed = {"alg": "RS256", "kid": key.as_dict()["kid"]}
    match lies.get("signed"):
        case "by another":
            return written(signed, claims, jose.RSAKey.generate_key(is_private=True))
        case "by the public key as a secret":
            head = [unpadded(json.dumps(each).encode()) for each in ({"alg": "HS256"}, claims)]
            mac = hmac.new(key.as_pem(is_private=False), ".".join(head).encode(), hashlib.sha256)
            return ".".join((*head, unpadded(mac.digest())))
        case "by nobody":
            return ".".join(unpadded(json.dumps(each).encode()) for each in ({"alg": "none"}, claims)) + "."
        case _:
            return written(signed, claims, key)


def written(header: Json, claims: Json, key: jose.RSAKey) -> str:
    return str(jose.JsonWebToken(["RS256"]).encode(header, claims, key).decode())


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


if __name__ == "__main__":
    port_file, client, secret, *certificate = sys.argv[1:]
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # it serves this machine alone
    liar = Liar(basic="Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode())
    tls = make_ssl_devcert(certificate[0], host="localhost") if certificate else None
    server = make_server("127.0.0.1", 0, liar.app, threaded=True, ssl_context=tls)
    unfinished = Path(port_file + ".part")
    unfinished.write_text(str(server.server_port))
    unfinished.rename(port_file)
    server.serve_forever()
