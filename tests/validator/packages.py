"""Finds the packages of US Core and Gravity that judge a version."""

import os
from pathlib import Path

from tests.support.prerequisites import skip_or_fail

CHECKOUT = Path(__file__).resolve().parents[2]
MISSING_MESSAGE = (
    "the US Core and Gravity packages are not here: set FHIR_PACKAGES to a folder with {names} "
    "(tests/validator/README.md says what they are)"
)
GRAVITY = ("gravity_300", "gravity_300_strict")
PACKAGE_NAMES = {
    "3.1.1": ("us_core_311.tgz", "gravity_300_on_311", *GRAVITY),
    "6.1.0": ("us_core_610.tgz", *GRAVITY),
    "7.0.0": ("us_core_700.tgz", *GRAVITY),
    "8.0.1": ("us_core_800.tgz", *GRAVITY),
    "9.0.0": ("us_core_800.tgz", "us_core_900_derived", *GRAVITY),
}
"""US Core comes first; the definitions of later packages win."""


def find_packages(version: str) -> list[Path]:
    """Return the packages that judge that version."""
    names = PACKAGE_NAMES[version]
    folder = next(
        (path for path in _candidate_folders() if all((path / name).exists() for name in names)),
        None,
    )
    if folder is None:
        skip_or_fail(MISSING_MESSAGE.format(names=", ".join(names)))
    return [folder / name for name in names]


def _candidate_folders() -> list[Path]:
    configured = os.environ.get("FHIR_PACKAGES")
    return (
        [Path(configured)]
        if configured
        else [
            CHECKOUT.parent / "shared" / "data" / "fhir-packages",
            Path.home() / ".fhir" / "packages",
        ]
    )
