"""Checks how browsers reach the pages: public address, https and reverse proxies."""

from collections.abc import Iterator

from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.settings import Settings, find_serving_faults

ABOUT = "pages"


def check_pages(settings: Settings) -> Iterator[Finding]:
    """Yield the findings about the public address."""
    faults = tuple(find_serving_faults(settings.public_url))
    for fault in faults:
        yield wrong_finding(ABOUT, fault, "Name the https address of the reverse proxy.")
    if faults:
        return
    # find_serving_faults allows plain http for loopback addresses alone.
    if not settings.is_https:
        yield good_finding(
            ABOUT, f"{settings.public_url}: plain http, which does not leave this machine"
        )
        return
    yield good_finding(
        ABOUT, f"{settings.public_url}: https, with secure cookies and strict transport security"
    )
    yield _check_proxies(settings.trusted_proxies)


def _check_proxies(count: int) -> Finding:
    if count:
        noun = "proxy" if count == 1 else "proxies"
        return good_finding(ABOUT, f"visitors' addresses are told by {count} trusted {noun}")
    return unknown_finding(
        ABOUT,
        "where https ends: trusted_proxies is 0, so the headers of a reverse proxy are ignored",
        "Set trusted_proxies = 1 in intake.toml if one proxy stands before the pages; "
        "config/deploy has its settings.",
    )
