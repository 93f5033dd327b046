"""`intake migrate`: gives the database this version's schema."""

import argparse

from sqlalchemy import make_url

from intake.cli.site import open_current_database, require_public_url
from intake.settings import Settings, load_site_settings
from intake.store.crypto import KeyFileError, load_keys, read_site_id
from intake.store.migrate import migrate_database
from intake.store.site_keys import is_blank


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option with which `intake serve` calls it."""
    parser.add_argument("--for-serving", action="store_true", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Migrate the database, and create its folder where it is missing."""
    settings = load_site_settings()
    if args.for_serving:
        # What would end the pages and the worker at once is reported before they start.
        require_public_url(settings)
        load_keys(settings.key_file)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    has_key = settings.key_file.exists()
    if has_key:
        _refuse_blank_database(settings)
    migrate_database(settings.database_url)
    if has_key:
        # To open the database is to compare it with the key file.
        with open_current_database(settings):
            pass
    return 0


def _refuse_blank_database(settings: Settings) -> None:
    """Raise KeyFileError if the key file has a site, and its database is gone."""
    load_keys(settings.key_file)
    if read_site_id(settings.key_file) is not None and is_blank(settings.database_url):
        database = make_url(settings.database_url).render_as_string(hide_password=True)
        raise KeyFileError(
            f"{database} is missing or empty, but {settings.key_file} belongs to a site with a "
            "database. Restore the database from its backup, or use a new key file for a new site."
        )
