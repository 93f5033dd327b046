"""The addresses that the demo hands out: a tablet to pair, a link for a patient at home, a sign-in that works once."""

from dataclasses import dataclass

from intake.demo.guests import KIOSK_AT
from intake.settings import Settings
from intake.store import devices, links, users
from intake.store.database import Database
from intake.store.visits import Visit

USER = "demo"


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses."""

    kiosk: str
    link: str
    staff: str


def open_doors(settings: Settings, database: Database, at_home: Visit) -> Doors:
    """Make the codes and tokens in the demo's database; the link is for the visit `at_home`."""
    with database.write() as tx:
        code = devices.invite(tx, KIOSK_AT.id, "Demo tablet")
        _, link = links.make(tx, at_home, tx.now + settings.times.link)
        once = users.one_time(tx, users.add(tx, USER, users.ROLES), devices.INVITED_FOR)
    base = settings.public_url
    return Doors(
        kiosk=f"{base}/pair?code={code}", link=f"{base}/l/{link}", staff=f"{base}/staff/once/{once}"
    )
