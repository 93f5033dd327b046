"""Where the addresses that a server names are asked for: at our own origin, or, where it is a file, at another one."""

from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from fhir_client.errors import ServerError

PORTS = {"http": 80, "https": 443}


def url_at_server(base_url: str, named: str) -> str:
    """Return an address that the server named, at our origin: behind a proxy they name hosts that we must not reach.

    At our origin it stands for itself, be it outside the base. At another one the server's own base gives way to ours.
    """
    base, parts = urlsplit(base_url), _absolute(f"{base_url}/", named)
    if _origin(parts) == _origin(base):
        return _at(base, parts.path, parts.query)
    below = _below(base.path, parts.path)
    return _at(base, base.path + (parts.path if below is None else below), parts.query)


def file_url(base_url: str, named: str) -> str:
    """Return the address of a file that the server named: a host that shows nothing of our base is another place, and stays."""
    base, parts = urlsplit(base_url), _absolute(f"{base_url}/", named)
    if _origin(parts) != _origin(base) and _below(base.path, parts.path) is None:
        return parts.geturl()
    return url_at_server(base_url, named)


def redirect_url(base_url: str, here: str, location: str) -> str:
    """Return where a redirect leads, which is meant for whoever is told it, so that no host in it stands for ours."""
    base, parts = urlsplit(base_url), _absolute(here, location)
    # Libraries read odd addresses differently: what we take for our origin is written as ours before it gets credentials.
    return _at(base, parts.path, parts.query) if _origin(parts) == _origin(base) else parts.geturl()


def is_at_server(base_url: str, url: str) -> bool:
    """Return whether the address is at our origin: scheme, host and port (RFC 6454, section 4)."""
    return _origin(urlsplit(url)) == _origin(urlsplit(base_url))


def _absolute(here: str, named: str) -> SplitResult:
    try:
        parts = urlsplit(urljoin(here, named))
        _, host, _ = _origin(parts)
    except ValueError:
        host = None
    if not host:
        raise ServerError("The server names an address that cannot be asked for.")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or PORTS.get(parts.scheme)


def _at(base: SplitResult, path: str, query: str) -> str:
    return urlunsplit((base.scheme, base.netloc, path, query, ""))


def _below(base: str, path: str) -> str | None:
    """Return the part of a path below the server's own base; None where nothing of it is there.

    It is ours, or the end of ours: a gateway hangs `/fhir` below a path of its own, which the server does not know.
    """
    segments = base.split("/")[1:]
    for first in range(len(segments)):
        own = "/" + "/".join(segments[first:])
        if f"{path}/".startswith(f"{own}/"):
            return path.removeprefix(own)
    return None
