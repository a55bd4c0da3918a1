"""A conflict with everything that helps to settle it: both sides, the evidence, and what was decided before."""

from collections.abc import Mapping
from enum import StrEnum

import msgspec
from msgspec import Struct

from crosswalk.domain.candidate import FieldEvidence
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.identity import Identity
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.link import Link
from crosswalk.domain.quarantine import Quarantine
from crosswalk.domain.record import MODIFIED_FIELD
from crosswalk.domain.values import FieldValue
from crosswalk.store import decisions, identities, links
from crosswalk.store.database import Database
from crosswalk.store.decisions import PastDecision
from crosswalk.store.problems import Problem, ProblemKind

FIELD_DIFFERS = "FIELD_DIFFERS"
"""The code of a field whose two sides differ and whose owner is `manual`."""


class Settlement(StrEnum):
    """How a conflict can be settled here."""

    MATCH = "match"
    """By naming the record, having one made, or leaving the user without one."""
    FIELD = "field"
    """By taking the value of one side."""
    RELEASE = "release"
    """By having the hub write the field again."""
    ELSEWHERE = "elsewhere"
    """By putting something right in Salesforce or Auth0, as its message says."""


class ShownCandidate(Struct, frozen=True):
    """A record that may be the identity's, as it was when the conflict was found.

    Parameters
    ----------
    object, id, fields
        The record.
    score
        How alike it is, from 0 to 1.
    evidence
        The fields behind the score, the weightiest first.
    linked_to
        The identity that it belongs to already, if it does.
    """

    object: str
    id: RecordId
    fields: Mapping[str, FieldValue] = {}
    score: float = 0.0
    evidence: tuple[FieldEvidence, ...] = ()
    linked_to: UserId | None = None


class FieldQuestion(Struct, frozen=True):
    """The two values that a person chooses from, and where the mapping of the field is written."""

    auth0: FieldValue
    salesforce: FieldValue
    place: str


class ConflictView(Struct, frozen=True):
    """One conflict.

    Parameters
    ----------
    problem
        What was found.
    settlement
        How it can be settled.
    identity, link
        The user, and the record that is the user's already, as the hub knows them.
    candidates
        The records that may be the user's, the most similar first.
    others
        The users that candidates belong to already, as far as the hub knows them.
    question
        The two values, where a field differs.
    quarantine
        What flips, where a field does.
    creatable
        The objects of which a new record can be made, the first that the rules would make first.
    decided
        The newest decisions about this identity.
    """

    problem: Problem
    settlement: Settlement
    identity: Identity | None
    link: Link | None
    candidates: tuple[ShownCandidate, ...]
    others: tuple[Identity, ...]
    question: FieldQuestion | None
    quarantine: Quarantine | None
    creatable: tuple[str, ...]
    decided: tuple[PastDecision, ...]

    @property
    def record_changed_at(self) -> str:
        """When the record last changed, as Salesforce wrote it; empty where that is not known."""
        return "" if self.link is None else str(self.link.record.fields.get(MODIFIED_FIELD) or "")

    @property
    def compared(self) -> tuple[str, ...]:
        """The fields in which any candidate was compared with the user, the weightiest first."""
        return tuple(dict.fromkeys(each.field for candidate in self.candidates for each in candidate.evidence))


async def read_view(database: Database, definition: SyncDefinition, problem: Problem) -> ConflictView:
    """Read everything about a conflict."""
    user_id = UserId(problem.user_id)
    candidates = candidates_of(problem)
    others = list(dict.fromkeys(each.linked_to for each in candidates if each.linked_to))
    async with database.transaction() as connection:
        known = await identities.read(connection, definition.tenant, [user_id, *others])
        link = (await links.read(connection, definition.name, [user_id])).get(user_id)
        decided = await decisions.of_identity(connection, definition.name, user_id)
    targets = sorted(definition.targets, key=lambda target: not target.create)
    return ConflictView(
        problem=problem,
        settlement=_settlement(problem, link),
        identity=known.get(user_id),
        link=link,
        candidates=candidates,
        others=tuple(known[each] for each in others if each in known),
        question=question_of(problem) if problem.code == FIELD_DIFFERS else None,
        quarantine=_quarantine(problem),
        creatable=tuple(target.object for target in targets),
        decided=tuple(decided),
    )


def candidates_of(problem: Problem) -> tuple[ShownCandidate, ...]:
    """The candidates of a conflict, the most similar first."""
    return msgspec.convert((problem.detail or {}).get("candidates") or (), tuple[ShownCandidate, ...])


def question_of(problem: Problem) -> FieldQuestion:
    """The two values that a conflict about a field is about."""
    return msgspec.convert(problem.detail or {}, FieldQuestion)


def _quarantine(problem: Problem) -> Quarantine | None:
    return msgspec.convert(problem.detail, Quarantine) if problem.kind is ProblemKind.QUARANTINE else None


def _settlement(problem: Problem, link: Link | None) -> Settlement:
    if problem.kind is ProblemKind.QUARANTINE:
        return Settlement.RELEASE
    if problem.code == FIELD_DIFFERS:
        return Settlement.FIELD
    return Settlement.MATCH if link is None and not problem.field else Settlement.ELSEWHERE
