"""The public keys of our clients, where an EHR fetches them (RFC 8615, RFC 7517)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, abort, jsonify

JWKS_PATH = "/.well-known/jwks.json"


def init_app(app: Flask, keys: Callable[[], Mapping[str, Any] | None]) -> None:
    """Serve the JWK Set that `keys` returns; None means that it cannot be told now, and an EHR keeps the one it has."""

    def jwks() -> Response:
        found = keys()
        if found is None:
            return Response("the keys cannot be read now\n", 503, mimetype="text/plain")
        if not found["keys"]:
            abort(404)
        return jsonify(found)

    app.add_url_rule(JWKS_PATH, "jwks", jwks)
