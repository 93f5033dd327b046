"""The installation that the pages serve: settings, database, clock."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from intake.clock import Clock
from intake.settings import Settings
from intake.store.database import Database


@dataclass(frozen=True, slots=True)
class Site:
    """One installation, as its pages see it; `languages` are the offered tags."""

    settings: Settings
    database: Database
    clock: Clock
    languages: tuple[str, ...]


def attach_site(app: Flask, site: Site) -> None:
    """Make `app` serve `site`."""
    app.extensions["intake"] = site


def current_site() -> Site:
    """Return the site of the app that serves this request."""
    # Flask keeps extensions without types.
    return cast("Site", current_app.extensions["intake"])
