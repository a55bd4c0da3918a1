"""How alike an identity and a record are, field by field, when several records may be the right one.

The score only orders candidates for the person who decides (or, where that is configured, decides between them): it
never finds a record, so two people who merely resemble one another are never compared.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto

from rapidfuzz import fuzz
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from crosswalk.domain.candidate import Candidate, FieldEvidence
from crosswalk.domain.definition import Target
from crosswalk.domain.evaluation import TargetEvaluation
from crosswalk.domain.ids import UserId
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, ValueType
from crosswalk.expressions.types.registry import is_empty
from crosswalk.matching.folding import without_accents

UNKNOWN_COUNTS = 0.5
"""An empty field of the record speaks neither for it nor against it."""

_NOT_WORD = re.compile(r"[^\w]+")
_NOT_DIGIT = re.compile(r"\D+")
_LEGAL_FORMS = re.compile(
    r"\b(?:inc|incorporated|llc|ltd|limited|corp|corporation|co|company|gmbh|ag|kg|sa|sas|srl|bv|plc|pty)\b"
)


class Kind(Enum):
    """What a field says about a person."""

    EMAIL = auto()
    PHONE = auto()
    BIRTH = auto()
    NAME = auto()
    STREET = auto()
    POSTAL_CODE = auto()
    COMPANY = auto()
    CITY = auto()
    OTHER = auto()


WEIGHTS: Mapping[Kind, float] = {
    Kind.EMAIL: 4.0,
    Kind.PHONE: 3.0,
    Kind.BIRTH: 3.0,
    Kind.NAME: 2.5,
    Kind.STREET: 2.0,
    Kind.POSTAL_CODE: 1.5,
    Kind.COMPANY: 1.5,
    Kind.CITY: 1.0,
    Kind.OTHER: 0.5,
}
"""How much a field of each kind counts: the more, the fewer people share a value."""

# The first that a field's name (without underscores, small) holds; the names are those of Salesforce's standard fields.
_BY_NAME: tuple[tuple[str, Kind], ...] = (
    ("email", Kind.EMAIL),
    ("phone", Kind.PHONE),
    ("birth", Kind.BIRTH),
    ("company", Kind.COMPANY),
    ("postalcode", Kind.POSTAL_CODE),
    ("street", Kind.STREET),
    ("city", Kind.CITY),
    ("firstname", Kind.NAME),
    ("lastname", Kind.NAME),
    ("middlename", Kind.NAME),
)


def kind_of(field: str, type_: ValueType) -> Kind:
    """What a field says about a person, told from its type and name."""
    if type_ is ValueType.EMAIL:
        return Kind.EMAIL
    if type_ is ValueType.PHONE:
        return Kind.PHONE
    name = field.replace("_", "").lower()
    if name == "name":
        return Kind.NAME
    return next((kind for part, kind in _BY_NAME if part in name), Kind.OTHER)


def similarity(a: FieldValue, b: FieldValue, kind: Kind) -> float:
    """How alike two values are, from 0 to 1; the order of the two does not matter."""
    first, second = _plain(a), _plain(b)
    if first == second:
        return 1.0
    return _COMPARE[kind](first, second)


def judge(target: Target, evaluated: TargetEvaluation, record: Record, linked_to: UserId | None = None) -> Candidate:
    """Compare what an identity says about a target with a record of it.

    Every field about which the identity has a value counts: the mapped ones, and those that match rules look for.
    """
    types = {field.field: field.type for field in target.fields}
    evidence: list[FieldEvidence] = []
    for field, value in _values(target, evaluated).items():
        kind = kind_of(field, types.get(field, ValueType.TEXT))
        held = record.fields.get(field)
        alike = None if is_empty(held) else round(similarity(value, held, kind), 4)
        evidence.append(FieldEvidence(field, value, held, alike, WEIGHTS[kind]))
    evidence.sort(key=lambda each: (-each.weight, each.field))
    return Candidate(record, _score(evidence), tuple(evidence), linked_to)


def _score(evidence: list[FieldEvidence]) -> float:
    total = sum(each.weight for each in evidence)
    if not total:
        return 0.0
    alike = sum(each.weight * (UNKNOWN_COUNTS if each.similarity is None else each.similarity) for each in evidence)
    return round(alike / total, 4)


def _values(target: Target, evaluated: TargetEvaluation) -> Mapping[str, FieldValue]:
    values = {
        field: value
        for field, value in evaluated.values.items()
        if not is_empty(value) and field != target.external_id_field
    }
    for rule, key in zip(target.match, evaluated.keys, strict=False):
        if key is None:
            continue
        for part, text in zip(rule.parts, key.values, strict=True):
            # Of several fields that may hold the key, only the first counts: most people have one telephone.
            if part.fields[0] != target.external_id_field and not values.keys() & set(part.fields):
                values[part.fields[0]] = text
    return values


def _plain(value: FieldValue) -> str:
    return without_accents(str(value)).casefold().strip()


def _words(text: str) -> str:
    return _NOT_WORD.sub(" ", text).strip()


def _name(a: str, b: str) -> float:
    first, second = _words(a), _words(b)
    return _only_close(max(JaroWinkler.similarity(first, second), fuzz.token_sort_ratio(first, second) / 100))


def _street(a: str, b: str) -> float:
    return fuzz.token_sort_ratio(_words(a), _words(b)) / 100


def _company(a: str, b: str) -> float:
    first, second = (_words(_LEGAL_FORMS.sub(" ", _words(text))) for text in (a, b))
    if not first or not second:
        return _street(a, b)
    return max(fuzz.token_sort_ratio(first, second), 0.9 * fuzz.token_set_ratio(first, second)) / 100


def _email(a: str, b: str) -> float:
    """The same mailbox name at another provider says something, the same provider alone nothing."""
    (first, _, at), (second, _, elsewhere) = a.rpartition("@"), b.rpartition("@")
    local = DamerauLevenshtein.normalized_similarity(first, second)
    return _only_close(local) * (1.0 if at == elsewhere else 0.6)


def _phone(a: str, b: str) -> float:
    """By digits from the end, so that a missing country code or trunk zero is no difference."""
    first, second = sorted((_NOT_DIGIT.sub("", text).lstrip("0") for text in (a, b)), key=len)
    if len(first) >= 7 and second.endswith(first):
        return 1.0
    return _only_close(DamerauLevenshtein.normalized_similarity(first, second[-len(first) :] if first else second))


def _digits(a: str, b: str) -> float:
    return _only_close(DamerauLevenshtein.normalized_similarity(_words(a), _words(b)))


def _other(a: str, b: str) -> float:
    return _only_close(DamerauLevenshtein.normalized_similarity(a, b))


def _only_close(alike: float) -> float:
    """Half of the letters in common is chance; only what is above that counts, stretched over the whole scale."""
    return max(0.0, 2 * alike - 1)


_COMPARE: Mapping[Kind, Callable[[str, str], float]] = {
    Kind.EMAIL: _email,
    Kind.PHONE: _phone,
    Kind.BIRTH: _digits,
    Kind.NAME: _name,
    Kind.STREET: _street,
    Kind.POSTAL_CODE: _digits,
    Kind.COMPANY: _company,
    Kind.CITY: _name,
    Kind.OTHER: _other,
}
