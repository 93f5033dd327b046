"""Says in one sentence how delivery is going, in the clinics' time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from intake.clock import format_duration, format_since
from intake.settings import Clinic, Settings
from intake.store.contacts import Contact, read_contact, schedule_contact
from intake.store.database import Tx
from intake.store.server_health import Health, ServerHealth, read_server_health

ACCESS_REASONS = frozenset({"credentials", "http-401", "http-403"})
NO_WORKER = "No worker is running, so nothing is sent."


@dataclass(frozen=True, slots=True)
class ScheduleHealth:
    """How the last fetches of a clinic's schedule went."""

    clinic: Clinic
    contact: Contact


@dataclass(frozen=True, slots=True)
class SiteHealth:
    """The health of every server and schedule of a site, at one moment."""

    now: datetime
    servers: Sequence[ServerHealth]
    schedules: Sequence[ScheduleHealth]
    settings: Settings

    def zone(self, server: str) -> tzinfo:
        """Return the time zone of the server's first clinic."""
        clinics = self.settings.clinics.values()
        return next((clinic.time_zone for clinic in clinics if clinic.server == server), UTC)

    def server_name(self, server: str) -> str:
        """Return how a sentence names the server."""
        return "The EHR" if len(self.settings.servers) == 1 else f"Server {server}"


def read_site_health(tx: Tx, settings: Settings) -> SiteHealth:
    """Return the health of every configured server and schedule."""
    return SiteHealth(
        tx.now,
        [read_server_health(tx, server) for server in settings.servers],
        [
            ScheduleHealth(clinic, read_contact(tx, schedule_contact(clinic.id)))
            for clinic in settings.clinics.values()
        ],
        settings,
    )


def summarize_site(site: SiteHealth) -> str:
    """Return the site's state, such as `4 answers waiting. The EHR has not answered since …`."""
    waiting = sum(server.open_count for server in site.servers)
    held = sum(server.held_count for server in site.servers)
    sentences = [f"{waiting or 'No'} {'answer' if waiting == 1 else 'answers'} waiting."]
    if held:
        sentences.append(f"{held} {'needs' if held == 1 else 'need'} a person.")
    troubles = [*_server_sentences(site), *_schedule_sentences(site)]
    return " ".join([*sentences, *troubles] if troubles else [*sentences, *_good_news(site)])


def _server_sentences(site: SiteHealth) -> Iterator[str]:
    if any(server.health is Health.UNWATCHED for server in site.servers):
        yield NO_WORKER
    for server in site.servers:
        if sentence := explain_failure(site, server):
            yield sentence
        elif server.oldest is not None and server.health is Health.BEHIND:
            yield f"The oldest has waited {format_duration(site.now - server.oldest)}."


def _schedule_sentences(site: SiteHealth) -> Iterator[str]:
    for schedule in site.schedules:
        contact, clinic = schedule.contact, schedule.clinic
        # An EHR that does not answer is said once, and not once for each schedule.
        if contact.failing_since is None or not contact.is_failing or _fails(site, clinic.server):
            continue
        since = format_since(contact.failing_since, site.now, clinic.time_zone)
        reason = describe_reason(contact.reason)
        yield f"The schedule of {clinic.name} has failed since {since} ({reason})."


def _fails(site: SiteHealth, server: str) -> bool:
    return any(health.contact.failures > 0 for health in site.servers if health.state.id == server)


def _good_news(site: SiteHealth) -> Iterator[str]:
    for server in site.servers:
        if server.contact.answered_at is not None:
            since = format_since(server.contact.answered_at, site.now, site.zone(server.state.id))
            yield f"{site.server_name(server.state.id)} answered at {since}."


def explain_failure(site: SiteHealth, server: ServerHealth) -> str:
    """Return since when the server fails and why, or "" if its last attempt succeeded."""
    contact, state = server.contact, server.state
    started = contact.failing_since or state.paused_since
    if started is None:
        return ""
    reason = state.reason if contact.failing_since is None else contact.reason
    since = format_since(started, site.now, site.zone(state.id))
    verb = "refused us" if reason in ACCESS_REASONS else "not answered"
    return f"{site.server_name(state.id)} has {verb} since {since} ({describe_reason(reason)})."


def describe_reason(reason: str | None) -> str:
    """Return a reason code in a word, such as `503` or `no answer`."""
    return (reason or "unknown").removeprefix("http-").replace("-", " ")


def explain_obstacle(site: SiteHealth, server_id: str) -> str:
    """Return why an open submission of the server is not sent next, "" if it is."""
    server = next((known for known in site.servers if known.state.id == server_id), None)
    if server is None:
        return f"intake.toml has no server {server_id}, so no worker sends it."
    if server.health is Health.UNWATCHED:
        return NO_WORKER
    if failure := explain_failure(site, server):
        return failure
    remaining = server.state.remaining_pause(site.now)
    return explain_wait(remaining) if remaining else ""


def explain_wait(remaining: timedelta) -> str:
    """Return that the server asked for time."""
    return f"The server asked for time. The worker goes on in {format_duration(remaining)}."
