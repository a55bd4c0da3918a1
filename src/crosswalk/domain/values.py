"""The values that a mapped field can hold, on either side."""

from enum import StrEnum
from typing import TypeAlias

FieldValue: TypeAlias = str | int | float | bool | None
"""What one Salesforce field holds. `None` is an empty field; a multi-picklist is `"A;B"`, dates are ISO strings."""


class ValueType(StrEnum):
    """The declared type of a mapped field; decides how values are normalised, compared and checked."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    REFERENCE = "reference"


class Side(StrEnum):
    """One of the two systems that are kept in step."""

    AUTH0 = "auth0"
    SALESFORCE = "salesforce"


class Owner(StrEnum):
    """Whose value wins when the two sides of a field differ."""

    AUTH0 = "auth0"
    SALESFORCE = "salesforce"
    INITIAL = "initial"
    """Auth0 fills the field while it is empty in Salesforce; afterwards it is Salesforce's."""
    LATEST = "latest"
    """The newest change wins, whichever side it was made on."""
    MANUAL = "manual"
    """A difference is a conflict that a person decides."""


FLOWS_BACK = frozenset({Owner.SALESFORCE, Owner.LATEST, Owner.MANUAL})
"""The owners under which a record's value may be written to the user."""
