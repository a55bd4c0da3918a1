"""Match rules: how the record of an identity is found, and what is done with what they find."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from crosswalk.config.section import Section
from crosswalk.config.values import ApiName, Expression, Kind, Text, refuse
from crosswalk.domain.values import ValueType


class MatchShorthand(StrEnum):
    """Match rules that are known by name."""

    EXTERNAL_ID = "external_id"
    """The external-id field equals the user's id."""
    VERIFIED_EMAIL = "verified_email"
    """`Email` equals the user's e-mail address, when Auth0 has verified it."""
    VERIFIED_PHONE = "verified_phone"
    """A field for telephone numbers holds the user's, when Auth0 has verified it."""


_PHONE_FIELDS = {"Account": ("PersonMobilePhone", "PersonHomePhone"), "default": ("MobilePhone", "Phone")}


def shorthand_fields(rule: MatchShorthand, object_name: str, external_id: str) -> tuple[str, ...]:
    """Name the fields that a shorthand compares; an account has those of a person only as a person account."""
    match rule:
        case MatchShorthand.EXTERNAL_ID:
            return (external_id,)
        case MatchShorthand.VERIFIED_EMAIL:
            return ("PersonEmail",) if object_name == "Account" else ("Email",)
        case MatchShorthand.VERIFIED_PHONE:
            return _PHONE_FIELDS.get(object_name, _PHONE_FIELDS["default"])


def _domain(value: str) -> str:
    if "@" in value or "." not in value.strip("."):
        refuse("this is not the domain of e-mail addresses", "a domain such as gmail.com")
    return value.lower()


class IgnoreConfig(Section):
    """Differences that do not count when a match rule compares, beyond those that never count for its type."""

    plus_address: bool = Field(
        default=False, description="For `email`: `ada+shop@example.com` is `ada@example.com`.", examples=[True]
    )
    dots_of: tuple[Annotated[str, AfterValidator(_domain), Kind("domain")], ...] = Field(
        default=(),
        description="For `email`: domains at which dots before the @ mean nothing.",
        examples=[["gmail.com", "googlemail.com"]],
    )
    accents: bool = Field(default=False, description="For `text`: `Müller` is `Muller`.")
    spaces: bool = Field(default=False, description="For `text`: `SW1A 1AA` is `SW1A1AA`.")


class MatchPartConfig(Section):
    """One of several values that a record has to hold together, such as a last name and a postal code."""

    field: ApiName | None = Field(
        default=None, description="API name of the field to compare.", examples=["MailingPostalCode"]
    )
    fields: tuple[ApiName, ...] = Field(
        default=(), description="Instead of `field`: several, of which any may hold it."
    )
    value: Expression = Field(
        description="JavaScript expression over `user`; the rule is skipped when it gives nothing.",
        examples=["user.user_metadata?.postal_code"],
    )
    type: ValueType = Field(default=ValueType.TEXT, description="How the value is normalised and compared.")
    ignore: IgnoreConfig | None = Field(
        default=None, description="Differences that do not count.", examples=[{"spaces": True}]
    )
    case_sensitive: bool = Field(default=False, description="Whether letter case counts, for `text`.")

    @model_validator(mode="after")
    def _names_fields_once(self) -> Self:
        if (self.field is None) == (not self.fields):
            refuse("this names no field, or says it twice", "either field: or fields:")
        return self


class MatchRuleConfig(Section):
    """One way to find the record of an identity: the record whose field equals a value computed from the user."""

    name: Text | None = Field(
        default=None, description="What the rule is called in the audit trail; its fields' names when absent."
    )
    field: ApiName | None = Field(default=None, description="API name of the field to compare.", examples=["Phone"])
    fields: tuple[ApiName, ...] = Field(
        default=(), description="Instead of `field`: several, of which any may hold the value."
    )
    value: Expression | None = Field(
        default=None,
        description="JavaScript expression over `user`; the rule is skipped when it gives nothing.",
        examples=["user.phone_number"],
    )
    type: ValueType = Field(
        default=ValueType.TEXT, description="How the value is normalised and compared.", examples=["phone"]
    )
    ignore: IgnoreConfig | None = Field(
        default=None,
        description="Differences that do not count.",
        examples=[None],  # what it takes depends on the type
    )
    case_sensitive: bool = Field(default=False, description="Whether letter case counts, for `text`.")
    all: tuple[MatchPartConfig, ...] = Field(
        default=(),
        description="Instead of `field` and `value`: several values that a record has to hold together.",
        examples=[None],  # it excludes the keys above
    )
    when: Expression | None = Field(
        default=None,
        description="JavaScript expression over `user`; where it is not true, the key is unverified: the rule links "
        "nobody by it (see `reactions`).",
        examples=["user.phone_verified"],
    )
    where: Expression | None = Field(
        default=None,
        description="JavaScript expression over `user` and `record`; where it is not true, the record is no candidate.",
        examples=["record.Type !== 'Partner'"],
    )
    least_similarity: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="How alike a record has to be in all mapped fields, from 0 to 1, to be linked by this rule; for "
        "keys that several people share.",
    )

    @model_validator(mode="after")
    def _says_what_it_compares_once(self) -> Self:
        alone = (self.field is not None, bool(self.fields), bool(self.all))
        if sum(alone) != 1:
            refuse("this rule names no field, or says it twice", "one of field:, fields: and all:")
        if bool(self.all) is (self.value is not None):
            refuse(
                "this rule has no value, or one too many", "value: beside field: or fields:; in all:, one in each part"
            )
        if self.all and (self.ignore is not None or self.case_sensitive or self.type is not ValueType.TEXT):
            refuse("with all:, each part says how it is compared", "type:, ignore: and case_sensitive: inside all:")
        return self


def _kind_of_rule(value: object) -> str:
    return "rule" if isinstance(value, dict | MatchRuleConfig) else "shorthand"


MatchEntry = Annotated[
    Annotated[MatchShorthand, Tag("shorthand")] | Annotated[MatchRuleConfig, Tag("rule")],
    Discriminator(_kind_of_rule),
]


class ReactionsConfig(Section):
    """What is done with an identity that has no link, in each situation in which it can be.

    `link` takes the record that was found, `create` makes one of the first target with `create: true` (nothing where
    there is none), `wait` does nothing until something changes, `conflict` asks a person.
    """

    matched: Literal["link", "wait", "conflict"] = Field(default="link", description="A rule found exactly one record.")
    no_match: Literal["create", "wait", "conflict"] = Field(default="create", description="No rule found anything.")
    ambiguous: Literal["wait", "conflict"] = Field(
        default="conflict", description="A rule found several records (see also `automatic_link`)."
    )
    already_linked: Literal["create", "wait", "conflict"] = Field(
        default="conflict", description="A rule found one record, which belongs to another user."
    )
    doubtful: Literal["create", "wait", "conflict"] = Field(
        default="conflict", description="A rule found records, but none as alike as its `least_similarity` demands."
    )
    key_missing: Literal["create", "wait", "conflict"] = Field(
        default="wait",
        description="The user has no value for any rule but the external id, so a record that exists cannot be found.",
    )
    key_unverified: Literal["create", "wait", "conflict"] = Field(
        default="create",
        description="No rule found anything, and the `when` of one that has a value is not true; no record holds that "
        "value.",
    )
    unverified_match: Literal["link", "create", "wait", "conflict"] = Field(
        default="wait", description="As before, but a record holds that value: it may be somebody else's, or a double."
    )


class AutomaticLinkConfig(Section):
    """When the best of several candidates is linked without asking anybody; without this section, never."""

    score: float = Field(
        default=0.95,
        ge=0.5,
        le=1,
        description="The least similarity of the best candidate, from 0 to 1.",
        examples=[0.95],
    )
    margin: float = Field(
        default=0.1, ge=0.01, le=1, description="By how much it has to be more similar than the second.", examples=[0.1]
    )


def creating_reactions(written: Any) -> list[str]:
    """The situations for which `create` is written although they would not create by themselves."""
    defaults = ReactionsConfig()
    return [
        name
        for name, reaction in (written.items() if isinstance(written, dict) else ())
        if reaction == "create" and getattr(defaults, name, None) not in (None, "create")
    ]
