"""Builds the domain's definition of a sync from its validated section."""

from collections.abc import Mapping
from datetime import timedelta

from crosswalk.config.problem import KeyPath
from crosswalk.config.syncs import MatchRuleConfig, MatchShorthand, SyncConfig, TargetConfig, email_field
from crosswalk.domain.definition import FieldMap, MatchRule, SyncDefinition, Target
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.domain.place import Place
from crosswalk.domain.values import ValueType


def define_sync(name: str, sync: SyncConfig, places: Mapping[KeyPath, Place]) -> SyncDefinition:
    """Translate a sync into the domain's words.

    Parameters
    ----------
    name
        The sync's name.
    sync
        Its section, validated.
    places
        The line of each key of the whole configuration, by path.
    """
    path: KeyPath = ("syncs", name)
    return SyncDefinition(
        name=SyncName(name),
        tenant=TenantName(sync.tenant),
        org=OrgName(sync.org),
        targets=tuple(
            _define_target(target, (*path, "targets", index), places) for index, target in enumerate(sync.targets)
        ),
        filter=sync.filter,
        filter_place=places[(*path, "filter")] if sync.filter is not None else None,
        lanes=sync.lanes,
        linger_ms=round(sync.linger / timedelta(milliseconds=1)),
    )


def _define_target(target: TargetConfig, path: KeyPath, places: Mapping[KeyPath, Place]) -> Target:
    return Target(
        object=target.object,
        create=target.create,
        external_id_field=target.external_id,
        fields=tuple(
            FieldMap(
                field,
                written.value,
                written.owner,
                written.type,
                places[(*path, "fields", field)],
                written.path,
                written.back,
            )
            for field, written in target.fields.items()
        ),
        match=tuple(
            _define_rule(rule, target, places.get((*path, "match", index), places[path]))
            for index, rule in enumerate(target.match)
        ),
        place=places[path],
    )


def _define_rule(rule: MatchShorthand | MatchRuleConfig, target: TargetConfig, place: Place) -> MatchRule:
    match rule:
        case MatchShorthand.EXTERNAL_ID:
            return MatchRule(rule.value, target.external_id, "user.user_id", ValueType.TEXT, None, place)
        case MatchShorthand.VERIFIED_EMAIL:
            return MatchRule(
                rule.value,
                email_field(target.object),
                "user.email",
                ValueType.EMAIL,
                "user.email_verified === true",
                place,
            )
        case MatchRuleConfig():
            return MatchRule(rule.name or rule.field, rule.field, rule.value, rule.type, rule.when, place)
