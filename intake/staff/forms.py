"""The staff's forms: what is read from them and what is wrong in words; the templates are our own."""

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, ValidationError

from intake.store.users import LONGEST_NAME, ROLES, SHORTEST_PASSWORD

LONGEST_PASSWORD = 1000


def _stripped(value: str | None) -> str | None:
    return value if value is None else " ".join(value.split())


class Form(FlaskForm):  # type: ignore[misc]  # The library has no types.
    """What the staff's forms share."""

    def faults(self) -> Sequence[str]:
        """Return what is wrong: with the whole, then with each field in its order."""
        return [*map(str, self.form_errors), *(str(words) for field in self for words in field.errors)]


class SignInForm(Form):
    """Name and password."""

    name = StringField("Name", [InputRequired("Enter your name."), Length(max=LONGEST_NAME, message="That name is too long.")])
    password = PasswordField(
        "Password",
        [InputRequired("Enter your password."), Length(max=LONGEST_PASSWORD, message="That password is too long.")],
    )


class PasswordForm(Form):
    """A new password, twice; `current` is asked for where there is one."""

    current = PasswordField("Current password", [Length(max=LONGEST_PASSWORD, message="That password is too long.")])
    new = PasswordField(
        "New password",
        [
            Length(min=SHORTEST_PASSWORD, message=f"Use at least {SHORTEST_PASSWORD} characters."),
            Length(max=LONGEST_PASSWORD, message="That password is too long."),
        ],
    )
    again = PasswordField("The same again", [EqualTo("new", "The two new passwords differ.")])


class TabletForm(Form):
    """A new tablet."""

    label = StringField(
        "Where it stands",
        [DataRequired("Say where the tablet stands."), Length(max=80, message="Use at most 80 characters.")],
        filters=[_stripped],
    )
    clinic = SelectField("Clinic", validate_choice=False)

    def validate_clinic(self, field: Any) -> None:
        """Take only a clinic that is offered."""
        if field.data not in dict(field.choices):
            raise ValidationError("Choose one of the clinics.")


class UserForm(Form):
    """A new user."""

    name = StringField(
        "Name",
        [DataRequired("Enter a name."), Length(max=LONGEST_NAME, message=f"Use at most {LONGEST_NAME} characters.")],
        filters=[_stripped],
    )
    roles = SelectMultipleField("May see", choices=sorted(ROLES), validate_choice=False)

    def validate_roles(self, field: Any) -> None:
        """Take only roles that there are, and at least one."""
        if not field.data or not set(field.data) <= ROLES:
            raise ValidationError("Choose at least one role.")
