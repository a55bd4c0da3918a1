"""What the expressions of a sync say about one identity, before anything is compared with Salesforce."""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.ids import UserId
from crosswalk.domain.plan import FieldError
from crosswalk.domain.values import FieldValue


class MatchKey(Struct, frozen=True):
    """What a match rule looks for.

    Parameters
    ----------
    rule, object
        The rule's name, and the object whose records it finds.
    field
        The fields that are compared, and how; rules that are alike in this share one look-up.
    values
        The value of each part of the rule, normalised by its type.
    normal
        The form in which two keys are compared here.
    verified
        Whether the rule's condition is true: only then the key says whose record it is.
    """

    rule: str
    object: str
    field: str
    values: tuple[str, ...]
    normal: str
    verified: bool = True


class TargetEvaluation(Struct, frozen=True):
    """What the identity says about one target.

    Parameters
    ----------
    values
        Field → normalised value, only for fields about which the expressions have an opinion; `None` clears.
    errors
        Fields whose expression failed or gave a value of the wrong type.
    keys
        One for each match rule of the target, in order; `None` where the identity has no value for it.
    """

    values: Mapping[str, FieldValue]
    errors: tuple[FieldError, ...]
    keys: tuple[MatchKey | None, ...]


class Evaluation(Struct, frozen=True):
    """The outcome of all expressions of a sync for one identity.

    Parameters
    ----------
    filtered
        The sync's filter is not true for this identity: it is left alone.
    targets
        In the order of the definition.
    errors
        Expressions of the filter and of match rules that failed, or a profile that cannot be read.
    profile, updated_at
        The user that was evaluated, JSON text, and when that state came to be (as in `StateVersion`).
    """

    user_id: UserId
    filtered: bool
    targets: tuple[TargetEvaluation, ...]
    errors: tuple[FieldError, ...] = ()
    profile: bytes = b"{}"
    updated_at: str = ""
