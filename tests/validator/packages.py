"""Where the packages of US Core and Gravity are, and which of them judge a version."""

import os
from pathlib import Path

from tests.support.prerequisites import skip_or_fail

CHECKOUT = Path(__file__).resolve().parents[2]
WORDS = (
    "the US Core and Gravity packages are not here: set FHIR_PACKAGES to a folder with {names} "
    "(tests/validator/README.md says what they are)"
)
GRAVITY = ("gravity_300", "gravity_300_strict")
OF_VERSION = {
    "3.1.1": ("us_core_311.tgz", "gravity_300_on_311", *GRAVITY),
    "6.1.0": ("us_core_610.tgz", *GRAVITY),
    "7.0.0": ("us_core_700.tgz", *GRAVITY),
    "8.0.1": ("us_core_800.tgz", *GRAVITY),
    "9.0.0": ("us_core_800.tgz", "us_core_900_derived", *GRAVITY),
}
"""US Core first; what a later one defines wins."""


def find_packages(version: str) -> list[Path]:
    """Return the packages that judge that version."""
    names = OF_VERSION[version]
    folder = next(
        (each for each in _folders() if all((each / name).exists() for name in names)), None
    )
    if folder is None:
        skip_or_fail(WORDS.format(names=", ".join(names)))
    return [folder / name for name in names]


def _folders() -> list[Path]:
    named = os.environ.get("FHIR_PACKAGES")
    return (
        [Path(named)]
        if named
        else [
            CHECKOUT.parent / "shared" / "data" / "fhir-packages",
            Path.home() / ".fhir" / "packages",
        ]
    )
