"""The staff's forms: what is read from them and what is wrong in words; the templates are our own."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, ValidationError

from intake.answers import is_record_number
from intake.clock import age_in_years
from intake.store.devices import MAX_LABEL_LENGTH
from intake.store.users import MAX_NAME_LENGTH, MIN_PASSWORD_LENGTH, ROLES

LONGEST_PASSWORD, OLDEST = 1000, 130


def _stripped(value: str | None) -> str | None:
    return value if value is None else " ".join(value.split())


class StaffForm(FlaskForm):  # type: ignore[misc]  # The library has no types.
    """What the staff's forms share."""

    def error_messages(self) -> Sequence[str]:
        """Return what is wrong: with the whole, then with each field in its order."""
        return [
            *map(str, self.form_errors),
            *(str(words) for field in self for words in field.errors),
        ]


class SignInForm(StaffForm):
    """Name and password."""

    name = StringField(
        "Name",
        [
            InputRequired("Enter your name."),
            Length(max=MAX_NAME_LENGTH, message="That name is too long."),
        ],
    )
    password = PasswordField(
        "Password",
        [
            InputRequired("Enter your password."),
            Length(max=LONGEST_PASSWORD, message="That password is too long."),
        ],
    )


class PasswordForm(StaffForm):
    """A new password, twice; `current` is asked for where there is one."""

    current = PasswordField(
        "Current password", [Length(max=LONGEST_PASSWORD, message="That password is too long.")]
    )
    new = PasswordField(
        "New password",
        [
            Length(
                min=MIN_PASSWORD_LENGTH, message=f"Use at least {MIN_PASSWORD_LENGTH} characters."
            ),
            Length(max=LONGEST_PASSWORD, message="That password is too long."),
        ],
    )
    again = PasswordField("The same again", [EqualTo("new", "The two new passwords differ.")])


class TabletForm(StaffForm):
    """A new tablet."""

    label = StringField(
        "Where it stands",
        [
            DataRequired("Say where the tablet stands."),
            Length(max=MAX_LABEL_LENGTH, message=f"Use at most {MAX_LABEL_LENGTH} characters."),
        ],
        filters=[_stripped],
    )
    clinic = SelectField("Clinic", validate_choice=False)

    def validate_clinic(self, field: Any) -> None:
        """Take only a clinic that is offered."""
        if field.data not in dict(field.choices):
            raise ValidationError("Choose one of the clinics.")


class DayField(DateField):  # type: ignore[misc]  # The library has no types.
    """A day, as every browser's field for one sends it."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read it; the library's own words do not say how it has to be written."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError("Enter the whole date of birth, such as 1980-05-17.") from None


class ChartForm(StaffForm):
    """Whose chart it is: record number and date of birth."""

    record_number = StringField(
        "Record number", [DataRequired("Enter the record number.")], filters=[_stripped]
    )
    birth_date = DayField("Date of birth", [InputRequired("Enter the date of birth.")])

    def validate_record_number(self, field: Any) -> None:
        """Take only what can be one."""
        if not is_record_number(field.data):
            raise ValidationError("That is no record number.")

    def validate_birth_date(self, field: Any) -> None:
        """Take only a day on which somebody who is here can have been born."""
        if field.data is not None and (
            field.data > self.today or age_in_years(field.data, self.today) > OLDEST
        ):
            raise ValidationError("Nobody who is here can be born on that day.")

    def __init__(self, today: date, **more: Any) -> None:
        """Keep which day it is at the clinic."""
        super().__init__(**more)
        self.today = today


class UserForm(StaffForm):
    """A new user."""

    name = StringField(
        "Name",
        [
            DataRequired("Enter a name."),
            Length(max=MAX_NAME_LENGTH, message=f"Use at most {MAX_NAME_LENGTH} characters."),
        ],
        filters=[_stripped],
    )
    roles = SelectMultipleField("May see", choices=sorted(ROLES), validate_choice=False)

    def validate_roles(self, field: Any) -> None:
        """Take only roles that there are, and at least one."""
        if not field.data or not set(field.data) <= ROLES:
            raise ValidationError("Choose at least one role.")
