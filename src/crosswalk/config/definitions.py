"""Builds the domain's definition of a sync from its validated section."""

from collections.abc import Mapping
from datetime import timedelta

from crosswalk.config.flow_definitions import define_flows
from crosswalk.config.match_rules import (
    IgnoreConfig,
    MatchPartConfig,
    MatchRuleConfig,
    MatchShorthand,
    shorthand_fields,
)
from crosswalk.config.problem import KeyPath
from crosswalk.config.syncs import SyncConfig, TargetConfig
from crosswalk.config.thresholds import define_thresholds
from crosswalk.domain.definition import FieldMap, SyncDefinition, Target
from crosswalk.domain.erasure import ErasurePolicy
from crosswalk.domain.ids import OrgName, SyncName, TenantName
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, MatchRule, Normalisation, Reaction, Reactions
from crosswalk.domain.place import Place
from crosswalk.domain.quarantine import LoopLimits
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
        linger_ms=round(sync.linger.min / timedelta(milliseconds=1)),
        longest_linger_ms=round(sync.linger.max_delay / timedelta(milliseconds=1)),
        flows=define_flows(sync.flows, (*path, "flows"), places),
        on_record_deleted=sync.on_record_deleted,
        on_users_linked=sync.on_users_linked,
        on_erasure=ErasurePolicy(sync.on_erasure.record, sync.on_erasure.values, sync.on_erasure.keep),
        reactions=Reactions(**{name: Reaction(reaction) for name, reaction in sync.reactions}),
        loops=LoopLimits(sync.loops.writes_per_hour, sync.loops.release_after.total_seconds()),
        thresholds=define_thresholds(sync.thresholds),
        automatic_link=None
        if sync.automatic_link is None
        else AutomaticLink(sync.automatic_link.score, sync.automatic_link.margin),
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
    if isinstance(rule, MatchRuleConfig):
        written = rule.all or (rule,)
        parts = tuple(_define_part(part) for part in written)
        name = rule.name or " + ".join("/".join(part.fields) for part in parts)
        return MatchRule(name, parts, place, rule.when, rule.where, rule.least_similarity)
    fields = shorthand_fields(rule, target.object, target.external_id)
    match rule:
        case MatchShorthand.EXTERNAL_ID:
            return MatchRule(rule.value, (MatchPart(fields, "user.user_id", ValueType.TEXT),), place)
        case MatchShorthand.VERIFIED_EMAIL:
            part = MatchPart(fields, "user.email", ValueType.EMAIL)
            return MatchRule(rule.value, (part,), place, "user.email_verified === true")
        case MatchShorthand.VERIFIED_PHONE:
            part = MatchPart(fields, "user.phone_number", ValueType.PHONE)
            return MatchRule(rule.value, (part,), place, "user.phone_verified === true")


def _define_part(part: MatchPartConfig | MatchRuleConfig) -> MatchPart:
    ignore = part.ignore or IgnoreConfig()
    normalisation = Normalisation(
        ignore.plus_address, ignore.dots_of, ignore.accents, ignore.spaces, part.case_sensitive
    )
    return MatchPart(part.fields or (part.field or "",), part.value or "", part.type, normalisation)
