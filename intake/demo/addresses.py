"""The addresses that the demo hands out: a tablet to pair, a link for a patient at home, a sign-in that works once."""

from dataclasses import dataclass

from intake.demo.personas import KIOSK_CLINIC
from intake.settings import Settings
from intake.store import devices, links, users
from intake.store.database import Database
from intake.store.visits import Visit

USER = "demo"


@dataclass(frozen=True, slots=True)
class DemoAddresses:
    """The addresses."""

    kiosk: str
    link: str
    staff: str


def create_addresses(settings: Settings, database: Database, at_home: Visit) -> DemoAddresses:
    """Make the codes and tokens in the demo's database; the link is for the visit `at_home`."""
    with database.write() as tx:
        code = devices.invite_device(tx, KIOSK_CLINIC.id, "Demo tablet")
        _, link = links.create_link(tx, at_home, tx.now + settings.times.link)
        once = users.create_one_time_token(
            tx, users.add_user(tx, USER, users.ROLES), devices.PAIRING_CODE_LIFETIME
        )
    base = settings.public_url
    return DemoAddresses(
        kiosk=f"{base}/pair?code={code}", link=f"{base}/l/{link}", staff=f"{base}/staff/once/{once}"
    )
