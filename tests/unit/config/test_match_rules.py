"""Match rules in the configuration: what they become, and which can never work."""

from pathlib import Path

import pytest

from crosswalk.config import Problem
from crosswalk.domain.match_rule import AutomaticLink, MatchPart, Normalisation, Reaction, Reactions
from crosswalk.domain.values import ValueType
from tests.unit.config.builders import CROSSWALK_YAML, load, only, problems_of, spoilt, write_files

RULE = '{field: Phone, value: "user.phone_number", type: phone, when: "user.phone_verified"}'
AT = "syncs.customers.targets[0].match[2]"


def with_rule(folder: Path, rule: str) -> list[Problem]:
    """What is wrong with a configuration that has this rule, written on line 41."""
    return spoilt(folder, RULE, rule)


def loaded_rule(folder: Path, rule: str):
    assert RULE in CROSSWALK_YAML
    return load(folder, CROSSWALK_YAML.replace(RULE, rule)).definition("customers").targets[0].match[2]


def test_one_value_in_any_of_several_fields(tmp_path: Path) -> None:
    rule = loaded_rule(
        tmp_path, "{fields: [MobilePhone, Phone], value: user.phone, type: phone, where: record.Id > ''}"
    )

    assert rule.name == "MobilePhone/Phone"
    assert rule.parts == (MatchPart(("MobilePhone", "Phone"), "user.phone", ValueType.PHONE),)
    assert (rule.condition, rule.where, rule.least_similarity) == (None, "record.Id > ''", None)


def test_several_values_together(tmp_path: Path) -> None:
    rule = loaded_rule(
        tmp_path,
        "{all: [{field: LastName, value: user.name, ignore: {accents: true}}, "
        "{field: MailingPostalCode, value: user.zip, case_sensitive: true}], least_similarity: 0.7}",
    )

    assert rule.name == "LastName + MailingPostalCode"
    assert rule.parts == (
        MatchPart(("LastName",), "user.name", ValueType.TEXT, Normalisation(accents=True)),
        MatchPart(("MailingPostalCode",), "user.zip", ValueType.TEXT, Normalisation(case=True)),
    )
    assert rule.least_similarity == 0.7


def test_domains_are_compared_in_small_letters(tmp_path: Path) -> None:
    rule = loaded_rule(
        tmp_path, "{field: Email, value: user.email, type: email, ignore: {plus_address: true, dots_of: [GMail.com]}}"
    )

    assert rule.parts[0].normalisation == Normalisation(plus_address=True, dots_of=("gmail.com",))


@pytest.mark.parametrize(
    ("object_name", "fields"),
    [("Contact", ("MobilePhone", "Phone")), ("Account", ("PersonMobilePhone", "PersonHomePhone"))],
)
def test_a_verified_number_is_looked_for_in_the_object_s_own_fields(
    tmp_path: Path, object_name: str, fields: tuple[str, ...]
) -> None:
    text = CROSSWALK_YAML.replace(RULE, "verified_phone").replace("object: Contact", f"object: {object_name}")
    contact = "FirstName: user.given_name"

    rule = load(tmp_path, text, contact).definition("customers").targets[0].match[2]

    assert (rule.name, rule.fields, rule.condition) == ("verified_phone", fields, "user.phone_verified === true")


def test_reactions_and_automatic_links_are_the_sync_s(tmp_path: Path) -> None:
    added = "    reactions: {no_match: wait, unverified_match: conflict}\n    automatic_link: {score: 0.9}\n"

    definition = load(tmp_path, CROSSWALK_YAML + added).definition("customers")

    assert definition.reactions == Reactions(no_match=Reaction.WAIT, unverified_match=Reaction.CONFLICT)
    assert definition.automatic_link == AutomaticLink(0.9, 0.1)
    plain = load(tmp_path).definition("customers")
    assert (plain.reactions, plain.automatic_link) == (Reactions(), None)


@pytest.mark.parametrize(
    ("rule", "path", "message"),
    [
        ("{value: user.phone}", AT, "this rule names no field, or says it twice"),
        ("{field: Phone, fields: [Fax], value: user.a}", AT, "this rule names no field, or says it twice"),
        ("{field: Phone}", AT, "this rule has no value, or one too many"),
        ("{all: [{field: Phone, value: user.a}], value: user.b}", AT, "this rule has no value, or one too many"),
        ("{all: [{field: Phone, value: user.a}], type: phone}", AT, "with all:, each part says how it is compared"),
        ("{all: [{value: user.a}]}", f"{AT}.all[0]", "this names no field, or says it twice"),
        (
            "{field: Email, value: user.a, type: email, ignore: {dots_of: [someone@gmail.com]}}",
            f"{AT}.ignore.dots_of[0]",
            "this is not the domain of e-mail addresses",
        ),
        ("{field: Phone, value: user.a, least_similarity: 2}", f"{AT}.least_similarity", "2 is out of range"),
        ("{field: Phone, value: user.a, least_similarity: 0}", f"{AT}.least_similarity", "0 is out of range"),
    ],
)
def test_a_rule_says_what_it_compares_once(tmp_path: Path, rule: str, path: str, message: str) -> None:
    assert only(with_rule(tmp_path, rule))[1:4] == (41, path, message)


@pytest.mark.parametrize(
    ("rule", "path", "message", "nearest"),
    [
        (
            "{fields: [Phone, MobilPhone], value: user.a, type: phone}",
            "fields[1]",
            "Contact has no field MobilPhone",
            "MobilePhone",
        ),
        ("{all: [{field: LastNam, value: user.a}]}", "all[0].field", "Contact has no field LastNam", "LastName"),
        (
            "{field: Phone, value: user.a, where: record.MailingCty === 'x'}",
            "where",
            "Contact has no field MailingCty",
            "MailingCity",
        ),
        ("{field: Birthdate, value: user.a}", "type", "Birthdate holds date, not text", "date"),
        ("{field: Phone, value: user.a, ignor: {accents: true}}", "ignor", "unknown key ignor", "ignore"),
        ("{field: Phone, value: user.a, ignore: {acents: true}}", "ignore.acents", "unknown key acents", "accents"),
        ("verified_fone", "", "verified_fone is not allowed here", "verified_phone"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(
    tmp_path: Path, rule: str, path: str, message: str, nearest: str
) -> None:
    problems = with_rule(tmp_path, rule)

    assert only(problems)[2:] == (f"{AT}.{path}".rstrip("."), message, nearest)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{field: Description, value: user.a}", "Description holds long text, which Salesforce cannot search by value"),
        (
            "{field: Phone, value: user.a, ignore: {plus_address: true}}",
            "plus_address cannot be ignored in values of type text",
        ),
        (
            "{field: Email, value: user.a, type: email, ignore: {accents: true}}",
            "accents cannot be ignored in values of type email",
        ),
        (
            "{field: Email, value: user.a, type: email, case_sensitive: true}",
            "letter case never counts in values of type email",
        ),
        (
            "{field: HasOptedOutOfEmail, value: user.a, type: boolean}",
            "the match rule HasOptedOutOfEmail compares only values that many records share",
        ),
        ("{fields: [Phone, phone], value: user.a, type: phone}", "phone is there twice"),
        (
            "{name: verified_email, field: Phone, value: user.a, type: phone}",
            "two match rules are called verified_email",
        ),
        ("external_id", "the match rule external_id is there twice"),
    ],
)
def test_a_rule_that_can_never_work_is_refused(tmp_path: Path, rule: str, message: str) -> None:
    assert message in [problem.message for problem in with_rule(tmp_path, rule)]


def test_a_reaction_that_does_not_fit_its_situation_is_refused(tmp_path: Path) -> None:
    text = CROSSWALK_YAML + "    reactions: {ambiguous: link}\n"

    problems = problems_of(write_files(tmp_path, text))

    assert only(problems)[2:4] == ("syncs.customers.reactions.ambiguous", "link is not allowed here")
    assert problems[0].expected == "one of: wait, conflict"


def test_create_as_a_reaction_needs_a_target_that_may_be_created(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("create: true", "create: false") + "    reactions: {already_linked: create}\n"

    problems = problems_of(write_files(tmp_path, text))

    message = "the reaction to already_linked is create, but no target has create: true"
    assert only(problems)[2:4] == ("syncs.customers.reactions.already_linked", message)
