"""Serves the public keys of our FHIR clients to EHRs (RFC 8615, RFC 7517)."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, abort, jsonify

JWKS_PATH = "/.well-known/jwks.json"


def init_app(app: Flask, keys: Callable[[], Mapping[str, Any] | None]) -> None:
    """Serve the JWK Set that `keys` returns.

    None means that the keys cannot be read now. The answer is then 503, so that an EHR keeps the
    keys that it has.
    """

    def serve_keys() -> Response:
        key_set = keys()
        if key_set is None:
            return Response("the keys cannot be read now\n", 503, mimetype="text/plain")
        # A site without client keys has no such address.
        if not key_set["keys"]:
            abort(404)
        return jsonify(key_set)

    app.add_url_rule(JWKS_PATH, "jwks", serve_keys)
