"""How the pages are reached: the public address, https, and the proxies before them."""

from collections.abc import Iterator

from intake.diagnostics.findings import Finding, good_finding, unknown_finding, wrong_finding
from intake.settings import Settings, find_serving_faults

ABOUT = "pages"


def check_pages(settings: Settings) -> Iterator[Finding]:
    """Yield what is found."""
    faults = tuple(find_serving_faults(settings.public_url))
    for fault in faults:
        yield wrong_finding(
            ABOUT, fault, "Name the https address that the reverse proxy answers at."
        )
    if faults:
        return
    if not settings.is_https:
        yield good_finding(
            ABOUT, f"{settings.public_url}: plain http, which does not leave this machine"
        )
        return
    yield good_finding(
        ABOUT, f"{settings.public_url}: https, with secure cookies and strict transport security"
    )
    yield _proxies(settings.trusted_proxies)


def _proxies(count: int) -> Finding:
    if count:
        return good_finding(
            ABOUT, f"who asks is told by {count} trusted {'proxy' if count == 1 else 'proxies'}"
        )
    return unknown_finding(
        ABOUT,
        "who ends https: trusted_proxies is 0, so the headers of a reverse proxy are not believed",
        "Set trusted_proxies = 1 in intake.toml where one proxy stands before the pages; config/deploy has its settings.",
    )
