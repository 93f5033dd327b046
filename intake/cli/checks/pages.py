"""How the pages are reached: the public address, https, and the proxies before them."""

from collections.abc import Iterator

from intake.settings import Settings, serving_faults
from intake.sync.probe.findings import Finding, good, unknown, wrong

ABOUT = "pages"


def pages(settings: Settings) -> Iterator[Finding]:
    """Yield what is found."""
    faults = tuple(serving_faults(settings.public_url))
    for fault in faults:
        yield wrong(ABOUT, fault, "Name the https address that the reverse proxy answers at.")
    if faults:
        return
    if not settings.is_https:
        yield good(ABOUT, f"{settings.public_url}: plain http, which does not leave this machine")
        return
    yield good(
        ABOUT, f"{settings.public_url}: https, with secure cookies and strict transport security"
    )
    yield _proxies(settings.trusted_proxies)


def _proxies(count: int) -> Finding:
    if count:
        return good(
            ABOUT, f"who asks is told by {count} trusted {'proxy' if count == 1 else 'proxies'}"
        )
    return unknown(
        ABOUT,
        "who ends https: trusted_proxies is 0, so the headers of a reverse proxy are not believed",
        "Set trusted_proxies = 1 in intake.toml where one proxy stands before the pages; config/deploy has its settings.",
    )
