"""What can go wrong with the database, in words an operator can act on."""

from crosswalk.domain.errors import CrosswalkError


class DatabaseUnavailable(CrosswalkError):
    """PostgreSQL could not be reached."""


def first_line(error: Exception) -> str:
    """What PostgreSQL or its client said, without the advice that follows; neither ever quotes a password."""
    return str(error).strip().split("\n", 1)[0]
