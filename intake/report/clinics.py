"""The configured clinics as rows of the report."""

from intake.report.values import ClinicScope
from intake.settings import Settings


def clinic_scopes(settings: Settings) -> tuple[ClinicScope, ...]:
    """Return each clinic's scope, in the order of the configuration."""
    return tuple(
        ClinicScope(
            clinic.id, clinic.name, clinic.time_zone.key, (clinic.organization,), clinic.locations
        )
        for clinic in settings.clinics.values()
    )
