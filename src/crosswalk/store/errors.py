"""What can go wrong with the database, in words an operator can act on."""

from crosswalk.domain.errors import CrosswalkError


class DatabaseUnavailable(CrosswalkError):
    """PostgreSQL could not be reached."""
