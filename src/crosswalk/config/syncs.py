"""Syncs: which identities go to which Salesforce objects, how records are found, and what fields get."""

from functools import cache
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from crosswalk.config.dead_letters import DeadLettersConfig
from crosswalk.config.drift import DriftConfig
from crosswalk.config.erasure import ErasureConfig
from crosswalk.config.flows import FlowsConfig
from crosswalk.config.linger import Linger, LingerConfig
from crosswalk.config.loops import LoopsConfig
from crosswalk.config.match_rules import AutomaticLinkConfig, MatchEntry, MatchShorthand, ReactionsConfig
from crosswalk.config.section import Section
from crosswalk.config.thresholds import ThresholdsConfig
from crosswalk.config.values import ApiName, Expression, Kind, Text, refuse
from crosswalk.domain.life import RecordDeleted, UsersLinked
from crosswalk.domain.values import FLOWS_BACK, Owner, ValueType
from crosswalk.mapping.user_path import ATTRIBUTES, UserPath, parse_path, path_of


def _writable_place(value: str) -> str:
    if parse_path(value) is None:
        refuse(
            "the hub cannot write there",
            "user_metadata.NAME, app_metadata.NAME, or one of " + ", ".join(ATTRIBUTES),
        )
    return value


UserPathText = Annotated[str, AfterValidator(_writable_place), Kind("place in the user")]


class FieldMapConfig(Section):
    """One Salesforce field. An expression alone is short for `{value: EXPRESSION}`."""

    value: Expression = Field(
        description="JavaScript expression over `user` that gives the field's value.",
        examples=["user.family_name ?? user.name"],
    )
    owner: Owner = Field(
        default=Owner.AUTH0,
        description="Whose value wins when the two sides differ: `auth0`; `salesforce`, whose value goes to the user; "
        "`latest`, the newest change; `initial`, which fills the field while it is empty and then leaves it to "
        "Salesforce; or `manual`, where a person decides.",
    )
    type: ValueType = Field(default=ValueType.TEXT, description="How the value is normalised, compared and checked.")
    to: UserPathText | None = Field(
        default=None,
        description="Where in the user Salesforce's value goes, for the owners `salesforce`, `latest` and `manual`: in "
        "`user_metadata`, `app_metadata`, or an attribute of the user. May be left out where `value` merely reads that "
        "place.",
        examples=["app_metadata.tier"],
    )
    back: Expression | None = Field(
        default=None,
        description="JavaScript expression over `value` and `record` that turns Salesforce's value into the user's; "
        "without it, the value goes as it is.",
        examples=["value?.toLowerCase() ?? null"],
    )

    @model_validator(mode="after")
    def _has_a_way_back(self) -> Self:
        if self.owner not in FLOWS_BACK and (self.to is not None or self.back is not None):
            refuse(
                f"with owner {self.owner.value}, nothing goes to the user",
                "neither `to:` nor `back:`, or owner salesforce, latest or manual",
            )
        if self.owner in FLOWS_BACK and self.path is None:
            refuse(
                f"with owner {self.owner.value}, Salesforce's value has to go somewhere in the user",
                "`to:` with a place such as app_metadata.tier, or a `value` that merely reads one",
            )
        return self

    @property
    def path(self) -> UserPath | None:
        """Where in the user the record's value goes, if it goes there: as written, or where `value` reads."""
        if self.owner not in FLOWS_BACK:
            return None
        return path_of(self.value) if self.to is None else parse_path(self.to)

    @model_validator(mode="before")
    @classmethod
    def _expression_alone_is_enough(cls, data: Any) -> Any:
        return {"value": data} if isinstance(data, str) else data


class TargetConfig(Section):
    """A Salesforce object whose records identities are linked to."""

    object: ApiName = Field(description="API name of the object.", examples=["Contact"])
    create: bool = Field(
        default=False,
        description="Whether an identity that matches no record of any target gets a new one of this object.",
    )
    external_id: ApiName = Field(
        description="API name of the field that holds the Auth0 user id: text, unique, marked as external id.",
        examples=["Auth0_User_Id__c"],
    )
    match: tuple[MatchEntry, ...] = Field(
        default=(MatchShorthand.EXTERNAL_ID,),
        min_length=1,
        description="How the record of an identity is found, in this order: `external_id`, `verified_email`, "
        "`verified_phone`, or a rule of one's own.",
        examples=[["external_id", "verified_email"]],
    )
    fields: dict[ApiName, FieldMapConfig] = Field(
        min_length=1,
        description="The mapped fields by API name, or the path of a YAML file that holds them.",
        examples=["mappings/contact.yaml"],
    )

    @model_validator(mode="after")
    def _no_place_has_two_writers(self) -> Self:
        places = [(name, field.path) for name, field in self.fields.items() if field.path is not None]
        for index, (name, path) in enumerate(places):
            for other, longer in places[index + 1 :]:
                if path[: len(longer)] == longer[: len(path)]:
                    refuse(
                        f"{name} and {other} both go to {'.'.join(path[: len(longer)])} of the user",
                        "a place of its own for each field",
                    )
        return self


@cache
def _regions() -> frozenset[str]:
    from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  a tenth of a second that most starts can do without

    return frozenset(SUPPORTED_REGIONS)


def _known_region(value: str) -> str:
    if value.upper() not in _regions():
        refuse("this is not a region", "an ISO 3166 country code of two letters, such as US or DE")
    return value.upper()


class SyncConfig(Section):
    """One tenant and one org that are kept in step."""

    tenant: Text = Field(description="Name of the tenant, from `tenants`.", examples=["acme"])
    org: Text = Field(description="Name of the org, from `orgs`.", examples=["acme"])
    filter: Expression | None = Field(
        default=None,
        description="JavaScript expression over `user`; identities for which it is not true are left alone.",
        examples=["user.identities[0].connection != 'internal'"],
    )
    linger: Linger = Field(
        default=LingerConfig(),
        description="How long the first change of a batch waits for others, so that calls to Salesforce go out full.",
    )
    lanes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Into how many slices the identities are split; each slice is worked on by one worker at a time.",
    )
    default_region: Annotated[str, AfterValidator(_known_region), Kind("country code")] | None = Field(
        default=None,
        description="Country (ISO 3166, two letters) of phone numbers that lack a country code.",
        examples=["US"],
    )
    targets: tuple[TargetConfig, ...] = Field(
        min_length=1,
        description="The Salesforce objects, in order of preference: the first that has a match gets the link.",
    )
    reactions: ReactionsConfig = Field(
        default=ReactionsConfig(), description="What is done with an identity that has no link, by situation."
    )
    automatic_link: AutomaticLinkConfig | None = Field(
        default=None,
        description="When the best of several candidates is linked without asking anybody; absent: never.",
    )
    on_record_deleted: RecordDeleted = Field(
        default=RecordDeleted.UNLINK,
        description="What is done when somebody deletes the record of an identity in Salesforce: `unlink`, so that the "
        "identity may be linked to another record but no new one is made; `recreate`, so that it gets another one; or "
        "`keep` the link and write nothing. In each case the link is restored when the record is.",
    )
    on_users_linked: UsersLinked = Field(
        default=UsersLinked.MERGE_TASK,
        description="What is done with the record of a user who became an account of another user (Auth0's account "
        "linking). Where the other user has no record, `merge_task` and `relink` give it this one. Where it has, "
        "`merge_task` opens a conflict that asks people to merge the two records in Salesforce (and, with "
        "`flows.merge_task`, makes a task there), and `relink` lets the record go as it is. `deactivate` treats it as "
        "the record of a deleted user.",
    )
    on_erasure: ErasureConfig = Field(
        default=ErasureConfig(),
        description="What is done with the record of a person who is erased by `crosswalk subject erase`.",
    )
    flows: FlowsConfig = Field(
        default=FlowsConfig(), description="Behaviours beyond keeping fields in step; each is off until written down."
    )
    loops: LoopsConfig = Field(
        default=LoopsConfig(), description="When a field is left alone that somebody else keeps writing back."
    )
    thresholds: ThresholdsConfig = Field(
        default=ThresholdsConfig(), description="How much may be written within a while before a person is asked."
    )
    dead_letters: DeadLettersConfig = Field(
        default=DeadLettersConfig(), description="How long what was refused for good is kept."
    )
    drift: DriftConfig | None = Field(
        default=None,
        description="A regular comparison of both sides with what the hub knows; `{}` is enough. Absent: only by "
        "`crosswalk reconcile`.",
    )

    @model_validator(mode="after")
    def _merges_are_asked_for(self) -> Self:
        if self.flows.merge_task is not None and self.on_users_linked is not UsersLinked.MERGE_TASK:
            refuse(
                f"with on_users_linked: {self.on_users_linked.value}, nobody is asked to merge records",
                "on_users_linked: merge_task, or no flow merge_task",
            )
        return self

    @model_validator(mode="after")
    def _no_field_has_two_owners(self) -> Self:
        marks = self.flows.deactivation.fields if self.flows.deactivation is not None else {}
        for target in self.targets:
            for name in marks.get(target.object, {}):
                if name in target.fields:
                    refuse(
                        f"{target.object}.{name} is mapped, and marked by the flow deactivation as well",
                        "one of them: a field has one owner",
                    )
        return self
