"""`intake migrate`: the database gets this version's schema."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(args: argparse.Namespace) -> int:
    """Migrate."""
    from intake.settings import load_settings
    from intake.store.migrate import migrate_database

    del args
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate_database(settings.database_url)
    return 0
