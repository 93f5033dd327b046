"""The configured clinics, as the report knows them."""

from intake.report.values import ClinicScope
from intake.settings import Settings


def clinic_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return a row's scope for each clinic, in the order of the configuration."""
    return tuple(
        ClinicScope(
            clinic.id, clinic.name, clinic.time_zone.key, (clinic.organization,), clinic.locations
        )
        for clinic in settings.clinics.values()
    )
