"""The staff pages' forms: their fields, checks and error messages."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.validators import (
    DataRequired,
    EqualTo,
    InputRequired,
    Length,
    Optional,
    ValidationError,
)

from intake.answers import is_record_number
from intake.clock import age_in_years
from intake.store.devices import MAX_LABEL_LENGTH
from intake.store.users import MAX_NAME_LENGTH, MIN_PASSWORD_LENGTH, ROLES

MAX_PASSWORD_LENGTH = 1000
OLDEST_AGE = 130
"""A birth date before this is a typing mistake."""


def _collapse_spaces(value: str | None) -> str | None:
    return value if value is None else " ".join(value.split())


class StaffForm(FlaskForm):  # type: ignore[misc]  # The library has no types.
    """A form with its error messages in one list."""

    # WTForms' own `errors` is a mapping by field; the pages show one list at the top.
    def error_messages(self) -> Sequence[str]:
        """Return the errors of the whole form, then those of each field in order."""
        return [
            *map(str, self.form_errors),
            *(str(error) for field in self for error in field.errors),
        ]


class SignInForm(StaffForm):
    """Name and password."""

    name = StringField(
        "Name",
        [
            InputRequired("Enter your name."),
            Length(max=MAX_NAME_LENGTH, message="The name is too long."),
        ],
    )
    password = PasswordField(
        "Password",
        [
            InputRequired("Enter your password."),
            Length(max=MAX_PASSWORD_LENGTH, message="The password is too long."),
        ],
    )


class PasswordForm(StaffForm):
    """A new password, twice, and the current one if the user has one."""

    current = PasswordField(
        "Current password", [Length(max=MAX_PASSWORD_LENGTH, message="The password is too long.")]
    )
    new = PasswordField(
        "New password",
        [
            Length(
                min=MIN_PASSWORD_LENGTH, message=f"Use at least {MIN_PASSWORD_LENGTH} characters."
            ),
            Length(max=MAX_PASSWORD_LENGTH, message="The password is too long."),
        ],
    )
    again = PasswordField(
        "Repeat the new password", [EqualTo("new", "The two new passwords differ.")]
    )


class TabletForm(StaffForm):
    """A new tablet."""

    label = StringField(
        "Location",
        [
            DataRequired("Enter the tablet's location."),
            Length(max=MAX_LABEL_LENGTH, message=f"Use at most {MAX_LABEL_LENGTH} characters."),
        ],
        filters=[_collapse_spaces],
    )
    clinic = SelectField("Clinic", validate_choice=False)

    def validate_clinic(self, field: Any) -> None:
        """Accept only a clinic of the list."""
        if field.data not in dict(field.choices):
            raise ValidationError("Choose one of the clinics.")


class DayField(DateField):  # type: ignore[misc]  # The library has no types.
    """A day in the form that every browser's date field sends."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the day; the library's own message does not show the format."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter the whole date, such as 1980-05-17.") from None


class ChartForm(StaffForm):
    """The record number and birth date that find a patient's chart."""

    record_number = StringField(
        "Record number", [DataRequired("Enter the record number.")], filters=[_collapse_spaces]
    )
    birth_date = DayField("Date of birth", [InputRequired("Enter the date of birth.")])

    def validate_record_number(self, field: Any) -> None:
        """Accept only a possible record number."""
        if not is_record_number(field.data):
            raise ValidationError("This is not a record number.")

    def validate_birth_date(self, field: Any) -> None:
        """Accept only a possible birth date of a living person."""
        if field.data is not None and (
            field.data > self.today or age_in_years(field.data, self.today) > OLDEST_AGE
        ):
            raise ValidationError("Check the date of birth: it is in the future or too long ago.")

    def __init__(self, today: date, **options: Any) -> None:
        """Take the clinic's date of today, and the library's options."""
        super().__init__(**options)
        self.today = today


class ChartSearchForm(StaffForm):
    """A record number, or a family name with a birth date, that find charts to choose from."""

    record_number = StringField("Record number", filters=[_collapse_spaces])
    family_name = StringField("Family name", [Length(max=80)], filters=[_collapse_spaces])
    birth_date = DayField("Date of birth", [Optional()])

    def validate_record_number(self, field: Any) -> None:
        """Accept a possible record number, or a name with a birth date in its place."""
        if field.data and not is_record_number(field.data):
            raise ValidationError("This is not a record number.")
        if not field.data and not (self.family_name.data and self.birth_date.data):
            raise ValidationError("Enter the record number, or family name and date of birth.")


class UserForm(StaffForm):
    """A new user."""

    name = StringField(
        "Name",
        [
            DataRequired("Enter a name."),
            Length(max=MAX_NAME_LENGTH, message=f"Use at most {MAX_NAME_LENGTH} characters."),
        ],
        filters=[_collapse_spaces],
    )
    roles = SelectMultipleField("Roles", choices=sorted(ROLES), validate_choice=False)

    def validate_roles(self, field: Any) -> None:
        """Accept only known roles, and at least one."""
        if not field.data or not set(field.data) <= ROLES:
            raise ValidationError("Choose at least one role.")
