"""The addresses that the demo prints: pairing a tablet, a pre-visit link, a one-time sign-in."""

from dataclasses import dataclass

from intake.demo.personas import KIOSK_CLINIC
from intake.settings import Settings
from intake.store import devices, links, users
from intake.store.database import Database
from intake.store.visits import Visit

USER = "demo"


@dataclass(frozen=True, slots=True)
class DemoAddresses:
    """The three addresses."""

    kiosk: str
    link: str
    staff: str


def create_addresses(settings: Settings, database: Database, at_home: Visit) -> DemoAddresses:
    """Create the codes and tokens; the link is for the visit `at_home`."""
    with database.write() as tx:
        code = devices.invite_device(tx, KIOSK_CLINIC.id, "Demo tablet")
        # The tokens are stored as hashes, so they are readable only here and now.
        _, link_token = links.create_link(tx, at_home, tx.now + settings.times.link)
        user = users.add_user(tx, USER, users.ROLES)
        sign_in_token = users.create_one_time_token(tx, user, devices.PAIRING_CODE_LIFETIME)
    base = settings.public_url
    return DemoAddresses(
        kiosk=f"{base}/pair?code={code}",
        link=f"{base}/l/{link_token}",
        staff=f"{base}/staff/once/{sign_in_token}",
    )
