"""`intake migrate`: gives the database this version's schema."""

import argparse

from intake.settings import load_settings
from intake.store.migrate import migrate_database


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command takes no arguments."""


def run(args: argparse.Namespace) -> int:
    """Migrate the database, and create its folder where it is missing."""
    del args
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate_database(settings.database_url)
    return 0
