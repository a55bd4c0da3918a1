"""What a sync does when a record, or a user, is no more what it was."""

from enum import StrEnum


class RecordDeleted(StrEnum):
    """What is done when somebody deletes the record of an identity in Salesforce."""

    UNLINK = "unlink"
    """The link ends. Another record may be found and linked, but no new one is made; the old one may come back."""
    RECREATE = "recreate"
    """The link ends, and the identity gets another record, a new one where none is found."""
    KEEP = "keep"
    """The link stays, and nothing is written, until the record comes back."""


class UsersLinked(StrEnum):
    """What is done with the record of a user who became an account of another user, by Auth0's account linking."""

    MERGE_TASK = "merge_task"
    """Where both users have a record, a conflict asks people to merge the two; otherwise as `RELINK`."""
    RELINK = "relink"
    """The record becomes the other user's, where that one has none; otherwise it is let go as it is."""
    DEACTIVATE = "deactivate"
    """It is treated as the record of a user who was deleted."""
