"""`intake migrate`: the database gets this version's schema."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(args: argparse.Namespace) -> int:
    """Migrate."""
    from intake.settings import load
    from intake.store.migrate import migrate

    del args
    settings = load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate(settings.database_url)
    return 0
