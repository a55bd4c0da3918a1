"""One person as one Auth0 user."""

from msgspec import Struct

from crosswalk.domain.ids import UserId


class StateVersion(Struct, frozen=True, order=True):
    """Orders the states of one user, whatever the order in which they arrive.

    Compared field by field: the user's own `updated_at` first; then the time and the id of the event that carried
    the state, which only break ties, so that every order of delivery ends in the same state.

    Parameters
    ----------
    updated_at
        `updated_at` of the user (for a deletion, the time of the deletion), UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`.
    observed_at
        When the carrier (event or read) was made, same form.
    carrier
        The event's id, or `""` for a direct read.
    """

    updated_at: str
    observed_at: str
    carrier: str = ""


class Identity(Struct, frozen=True):
    """The newest known state of one Auth0 user: the hub's replica of the identity side.

    `profile` is the user as Auth0 gave it, JSON text in UTF-8: expressions read it whole, so nothing between the
    wire and the expressions has to decode it.
    """

    user_id: UserId
    profile: bytes
    version: StateVersion
    deleted: bool = False
