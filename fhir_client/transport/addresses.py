"""Maps URLs that a server names to our origin or to an external file.

A server behind a proxy often names hosts that the client cannot or must not reach.
"""

from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from fhir_client.errors import ServerError

DEFAULT_PORTS = {"http": 80, "https": 443}


def url_at_server(base_url: str, named_url: str) -> str:
    """Return a URL that the server named, rewritten to our origin.

    A URL at our origin stays as it is, even outside the base path. For another origin, our base
    replaces the server's own base.
    """
    base, named = urlsplit(base_url), _absolute_url(f"{base_url}/", named_url)
    if _origin(named) == _origin(base):
        return _url_at_origin(base, named.path, named.query)
    below_base = _path_below(base.path, named.path)
    path = base.path + (named.path if below_base is None else below_base)
    return _url_at_origin(base, path, named.query)


def file_url(base_url: str, named_url: str) -> str:
    """Return the URL of a file, which may be at an external host.

    A host whose path shows nothing of our base is an external host, and its URL stays as it is.
    """
    base, named = urlsplit(base_url), _absolute_url(f"{base_url}/", named_url)
    if _origin(named) != _origin(base) and _path_below(base.path, named.path) is None:
        return named.geturl()
    return url_at_server(base_url, named_url)


def redirect_url(base_url: str, current_url: str, location: str) -> str:
    """Return the target of a redirect.

    A redirect names hosts for its receiver, so they are not rewritten.
    """
    base, target = urlsplit(base_url), _absolute_url(current_url, location)
    if _origin(target) != _origin(base):
        return target.geturl()
    # Libraries parse odd URLs differently. Rebuilding the URL from our own base makes sure that
    # credentials go to the host that we compared.
    return _url_at_origin(base, target.path, target.query)


def is_at_server(base_url: str, url: str) -> bool:
    """Return whether the URL has our origin (RFC 6454, section 4).

    The origin is scheme, host and port.
    """
    return _origin(urlsplit(url)) == _origin(urlsplit(base_url))


def _absolute_url(current_url: str, named_url: str) -> SplitResult:
    try:
        parts = urlsplit(urljoin(current_url, named_url))
        _, host, _ = _origin(parts)
    except ValueError:
        # urlsplit and its `port` raise for a broken IPv6 address or a port that is no number.
        host = None
    if not host:
        raise ServerError("The server names an address that cannot be requested.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def _url_at_origin(base: SplitResult, path: str, query: str) -> str:
    return urlunsplit((base.scheme, base.netloc, path, query, ""))


def _path_below(base_path: str, path: str) -> str | None:
    """Return the rest of a path below the server's own base, if it is there.

    Return None where it is not. The server's own base is ours or the end of ours: a gateway may
    put `/fhir` below a path of its own, and the server behind it does not know that path.
    """
    segments = base_path.split("/")[1:]
    for first in range(len(segments)):
        own_base = "/" + "/".join(segments[first:])
        if f"{path}/".startswith(f"{own_base}/"):
            return path.removeprefix(own_base)
    return None
