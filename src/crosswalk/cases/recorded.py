"""A case of what really happened: the states with personal data masked, and the plan that comes of them."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crosswalk.cases.case import CandidateGiven, Given
from crosswalk.cases.masking import Masker, words_of
from crosswalk.cases.observing import observe
from crosswalk.cases.running import Runner
from crosswalk.domain.definition import SyncDefinition
from crosswalk.domain.effect import HeldEffect
from crosswalk.domain.record import Record

_EXPECTED = (
    "situation",
    "evidence",
    "creates",
    "updates",
    "links",
    "record",
    "user",
    "disputed",
    "conflict",
    "waits",
    "errors",
    "quarantined",
    "effects",
    "decided_by",
)


class RecordedCase(Struct, frozen=True):
    """A case that is ready to be written.

    Parameters
    ----------
    given
        The states, masked.
    expect
        What comes of them.
    changed
        The parts of the plan that masking changed: the case then shows something else than what happened.
    """

    given: Given
    expect: Mapping[str, Any]
    changed: tuple[str, ...] = ()


def record_case(runner: Runner, given: Given, random: Random) -> RecordedCase:
    """Make a case of some states."""
    masker = Masker(random, named_words(runner.compiled.definition))
    masker.avoid(msgspec.to_builtins(given))
    masked = mask_given(given, masker)
    plain = replace(given, decided=replace(given.decided, by=masked.decided.by))
    before, after = (
        {name: _short(part) for name, part in observe(runner.plan(states).plan).items()} for states in (plain, masked)
    )
    changed = tuple(name for name in _EXPECTED if _shape(before.get(name)) != _shape(after.get(name)))
    return RecordedCase(masked, {name: after[name] for name in _EXPECTED if name in after}, changed)


def mask_given(given: Given, masker: Masker) -> Given:
    """The same states with what is personal replaced; ids stay."""
    return replace(
        given,
        user=None if given.user is None else _user(given.user, masker),
        record=None if given.record is None else _record(given.record, masker),
        base=None if given.base is None else masker.mask(given.base),
        candidates=tuple(CandidateGiven(_record(each.record, masker), each.linked_to) for each in given.candidates),
        decided=replace(
            given.decided,
            fields={
                name: replace(each, auth0=masker.mask(each.auth0), salesforce=masker.mask(each.salesforce))
                for name, each in given.decided.fields.items()
            },
            by="somebody",
        ),
        beside=tuple(_user(each, masker) for each in given.beside),
        deal=None if given.deal is None else _record(given.deal, masker),
        contact=None if given.contact is None else _record(given.contact, masker),
        held=tuple(_effect(each, masker) for each in given.held),
    )


def named_words(definition: SyncDefinition) -> frozenset[str]:
    """The words that a sync names in its expressions, its rules and its flows."""
    return words_of(_texts(definition))


def _texts(definition: SyncDefinition) -> Iterator[str]:
    if definition.filter is not None:
        yield definition.filter
    for target in definition.targets:
        for field in target.fields:
            yield from (text for text in (field.expression, field.back) if text is not None)
        for rule in target.match:
            yield from (text for text in (rule.condition, rule.where) if text is not None)
            for part in rule.parts:
                yield from (part.expression, *part.normalisation.dots_of)
    flows = definition.flows
    if flows.deactivation is not None:
        yield flows.deactivation.when
        for fields in flows.deactivation.fields.values():
            yield from (value for value in fields.values() if isinstance(value, str))
    if flows.closed_won is not None:
        yield from (flows.closed_won.when, flows.closed_won.tier, *flows.closed_won.roles)


def _user(user: Mapping[str, Any], masker: Masker) -> dict[str, Any]:
    """A user; the accounts in `identities` keep their ids, by which users are linked."""
    masked: dict[str, Any] = masker.mask({name: value for name, value in user.items() if name != "identities"})
    accounts = user.get("identities")
    if isinstance(accounts, list):
        masked["identities"] = [
            {
                name: value if name in ("user_id", "provider", "connection") else masker.mask(value, name)
                for name, value in account.items()
            }
            for account in accounts
            if isinstance(account, Mapping)
        ]
    return masked


def _record(record: Record, masker: Masker) -> Record:
    return Record(record.object, record.id, masker.mask(record.fields))


def _effect(held: HeldEffect, masker: Masker) -> HeldEffect:
    """What a flow did, with the values that it replaced masked."""
    built = msgspec.to_builtins(held)
    for write in (built["effect"]["write"], built["effect"]["undo"]):
        if write is None:
            continue
        for field in write.get("fields", ()) if write["type"] == "record" else ():
            field |= {"old": masker.mask(field["old"]), "new": masker.mask(field["new"])}
        for name in ("email", "profile"):
            if name in write:
                write[name] = masker.mask(write[name])
    return msgspec.convert(built, HeldEffect)


def _shape(part: Any) -> Any:
    """What of a part has to be the same after masking: everything but the values."""
    if isinstance(part, Mapping):
        return {
            name: _shape(value) for name, value in part.items() if name not in ("new", "old", "auth0", "salesforce")
        }
    if isinstance(part, list):
        return [_shape(each) for each in part]
    return part


def _short(part: Any) -> Any:
    """A part as somebody would write it: of steps what is done, of fields the new value and the reason."""
    if isinstance(part, list):
        return [_short_step(each) if isinstance(each, Mapping) else each for each in part]
    if isinstance(part, Mapping):
        return {name: _short_field(value) for name, value in part.items()}
    return part


def _short_field(value: Any) -> Any:
    if isinstance(value, Mapping) and "new" in value:
        return {"new": value["new"], "reason": value["reason"]}
    return value


def _short_step(step: Mapping[str, Any]) -> str:
    verb, key = next(iter(step.items()))
    return f"{verb} {key}"
