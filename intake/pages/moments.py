"""A form that could not be stored now: kept on the page, and sent again by itself."""

from typing import Any

from flask import request

from intake.pages.site import current_site

SECONDS = 3
"""How long the page waits before it sends the form again."""

MAX_TRIES = 25
"""After so many tries by itself it waits for a tap: the patient may have gone."""

TRIES_FIELD = "again"
"""The field that counts the tries of a form."""


def moment_values() -> dict[str, Any]:
    """Return what the page of a passing fault needs; nothing of it reads the database.

    `fields` are the names and values of the rejected form, for the same form again; None after a
    request for a page. `tries` is the number of the next try, None once the page stops trying.
    """
    tries = request.form.get(TRIES_FIELD, "")
    count = int(tries) + 1 if tries.isdecimal() and len(tries) < 4 else 1
    fields = None
    if request.method == "POST":
        fields = [pair for pair in request.form.items(multi=True) if pair[0] != TRIES_FIELD]
    query = request.query_string.decode("ascii", "replace")
    return {
        "action": f"{request.path}?{query}" if query else request.path,
        "fields": fields,
        "tries": count if count <= MAX_TRIES else None,
        "seconds": SECONDS,
        "times": current_site().settings.times,
    }
