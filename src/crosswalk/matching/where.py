"""Conditions on candidates: expressions over `user` and `record`, evaluated for all pairs of a batch in one call."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec
from msgspec import Struct

from crosswalk.domain.definition import Target
from crosswalk.domain.evaluation import Evaluation
from crosswalk.domain.ids import RecordId, UserId
from crosswalk.domain.plan import FieldError
from crosswalk.expressions.program import Program
from crosswalk.expressions.results import NO_OPINION, BadProfile, Raw
from crosswalk.expressions.sandbox import Expression
from crosswalk.matching.candidates import Candidates

_RECORD_FIELD = re.compile(r"""\brecord\s*(?:\??\.\s*([A-Za-z]\w*)|\??\.?\s*\[\s*["']([A-Za-z]\w*)["']\s*\])""")
_SCOPE = "{user, record}"
_encode = msgspec.json.Encoder().encode

Barred: TypeAlias = frozenset[tuple[UserId, str, str, RecordId]]
"""Pairs that a condition keeps apart: the identity, the object and the rule whose condition it is, and the record."""


class Conditions(Struct, frozen=True):
    """What the conditions said: the pairs that they keep apart, and errors, by identity."""

    barred: Barred
    errors: Mapping[UserId, tuple[FieldError, ...]]


class WhereConditions:
    """The `where` of all rules of a sync, compiled. May be used from any thread.

    Raises
    ------
    ExpressionSyntaxError
        With every expression that cannot be compiled.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self._programs = {
            (target.object, rule.name): (Program([Expression(rule.where, rule.place, scope=_SCOPE)]), rule)
            for target in targets
            for rule in target.match
            if rule.where is not None
        }

    def check(self, evaluations: Iterable[Evaluation], candidates: Candidates) -> Conditions:
        """Evaluate the conditions for each identity and each record that its keys found.

        A condition that fails keeps the two apart, and is an error of the identity: no new record is made for somebody
        whose record may be there.
        """
        pairs: dict[tuple[str, str], list[tuple[UserId, RecordId, bytes]]] = {name: [] for name in self._programs}
        for evaluation in evaluations if pairs else ():
            for target in evaluation.targets:
                for key in target.keys:
                    if key is not None and (key.object, key.rule) in pairs:
                        pairs[key.object, key.rule] += [
                            (evaluation.user_id, record.id, _pair(evaluation.profile, record.id, record.fields))
                            for record in candidates.get(key)
                        ]
        barred: set[tuple[UserId, str, str, RecordId]] = set()
        errors: dict[UserId, tuple[FieldError, ...]] = {}
        for (object_, name), found in pairs.items():
            program, rule = self._programs[object_, name]
            rows = program.run([profile for _, _, profile in found])
            for (user_id, record_id, _), row in zip(found, rows, strict=True):
                problem = _problem(row)
                if problem is not None:
                    message = f"where of the match rule {name} failed: {problem}"
                    error = FieldError(user_id, object_, rule.fields[0], rule.place, message)
                    errors[user_id] = tuple(dict.fromkeys((*errors.get(user_id, ()), error)))
                if isinstance(row, BadProfile) or row[0] is not True:
                    barred.add((user_id, object_, name, record_id))
        return Conditions(frozenset(barred), errors)


def fields_of_record(where: str) -> list[str]:
    """The fields of the record that a condition reads (`record.Country`, `record["Country"]`), each once."""
    return list(dict.fromkeys(dotted or quoted for dotted, quoted in _RECORD_FIELD.findall(where)))


def _pair(profile: bytes, record_id: RecordId, fields: Mapping[str, object]) -> bytes:
    return b'{"user":%b,"record":%b}' % (profile, _encode({"Id": record_id, **fields}))


def _problem(row: list[Raw] | BadProfile) -> str | None:
    if isinstance(row, BadProfile):
        return row.message
    (answer,) = row
    if isinstance(answer, dict):
        return answer["message"]
    if answer is None or isinstance(answer, bool) or answer == NO_OPINION:
        return None
    return "expected true or false; write a comparison, or Boolean(…)"
