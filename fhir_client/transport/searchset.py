"""Reads a page of search results; an odd entry or link is skipped."""

from collections.abc import Iterator
from typing import Any

from fhir_client.transport.tolerant_json import list_objects, object_member


def next_page_url(page: dict[str, Any]) -> str | None:
    """Return the URL of the next page as the server names it, None on the last page."""
    links = list_objects(page.get("link"))
    urls = (link.get("url") for link in links if link.get("relation") == "next")
    url = next(urls, None)
    return None if url is None else str(url)


def search_matches(page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the resources of a searchset, without remarks about the search."""
    for entry in list_objects(page.get("entry")):
        resource = entry.get("resource")
        is_match = object_member(entry, "search").get("mode") != "outcome"
        if is_match and isinstance(resource, dict):
            yield resource
