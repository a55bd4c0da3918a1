"""Each kind of mistake: its line, its path, its words and the nearest valid name."""

from pathlib import Path

import pytest

from tests.unit.config.builders import CONTACT_YAML, CROSSWALK_YAML, only, problems_of, spoilt, write_files


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "suggestion"),
    [
        ("tenants:", "tenant:", 7, "tenant", "tenants"),
        ("  port: 8080", "  prot: 8080", 4, "server.prot", "port"),
        ("    client_id: the-client", "    clientid: the-client", 10, "tenants.acme.clientid", "client_id"),
        ("      log_poll:", "      logpoll:", 16, "tenants.acme.sources.logpoll", "log_poll"),
        ("{every: 45s}", "{evry: 45s}", 16, "tenants.acme.sources.log_poll.evry", "every"),
        ("{from: latest}", "{form: latest}", 13, "tenants.acme.sources.subscription.form", "from"),
        ("    timeout: 20s", "    timout: 20s", 25, "orgs.crm.timout", "timeout"),
        ("      flow: client", "      flwo: client", 22, "orgs.crm.auth.flwo", "flow"),
        ("client_id: the-app", "cleint_id: the-app", 23, "orgs.crm.auth.cleint_id", "client_id"),
        ("    linger: 150ms", "    Linger: 150ms", 31, "syncs.customers.Linger", "linger"),
        ("        create: false", "        creat: false", 36, "syncs.customers.targets[0].creat", "create"),
        ("{field: Phone", "{feild: Phone", 41, "syncs.customers.targets[0].match[2].feild", "field"),
        ("owner: initial", "ower: initial", 50, "syncs.customers.targets[1].fields.Company.ower", "owner"),
    ],
)
def test_an_unknown_key_is_reported_with_the_nearest_valid_one(
    tmp_path: Path, good: str, bad: str, line: int, path: str, suggestion: str
) -> None:
    problems = spoilt(tmp_path, good, bad)

    mistyped = next(problem for problem in problems if problem.path == path)
    key = path.rpartition(".")[2]
    assert (mistyped.place.line, mistyped.message, mistyped.suggestion) == (line, f"unknown key {key}", suggestion)
    assert suggestion in mistyped.expected


def test_a_mistyped_key_is_not_also_reported_as_missing(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "    client_id: the-client", "    clientid: the-client")

    assert only(problems)[3:] == ("unknown key clientid", "client_id")


@pytest.mark.parametrize(
    ("removed", "line", "path"),
    [
        ("version: 1\n", 1, "version"),
        ("    domain: acme.eu.auth0.com\n", 8, "tenants.acme.domain"),
        ("    client_secret: ${AUTH0_SECRET}\n", 8, "tenants.acme.client_secret"),
        ("    login_url: https://acme.my.salesforce.com\n", 18, "orgs.crm.login_url"),
        ("      flow: client_credentials\n", 21, "orgs.crm.auth.flow"),
        ("    org: crm\n", 27, "syncs.customers.org"),
        ("      - object: Contact\n        create: false\n", 35, "syncs.customers.targets[0].object"),
    ],
)
def test_a_missing_key_is_reported_at_what_should_hold_it(tmp_path: Path, removed: str, line: int, path: str) -> None:
    kept = "      - " if removed.startswith("      - ") else ""
    text = CROSSWALK_YAML.replace(removed + "        external_id", f"{kept}external_id") if kept else None

    problems = problems_of(write_files(tmp_path, text or CROSSWALK_YAML.replace(removed, "")))

    key = path.rpartition(".")[2]
    assert only(problems)[1:4] == (line, path, f"{key} is missing")
    assert problems[0].expected


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "message", "suggestion"),
    [
        ("version: 1", "version: 3", 1, "version", "3 is not allowed here", None),
        (
            "tenant: acme",
            "tenant: acmee",
            28,
            "syncs.customers.tenant",
            "there is no tenant acmee under tenants",
            "acme",
        ),
        ("org: crm", "org: crn", 29, "syncs.customers.org", "there is no org crn under orgs", "crm"),
        (
            "owner: initial",
            "owner: intial",
            50,
            "syncs.customers.targets[1].fields.Company.owner",
            "intial is not allowed here",
            "initial",
        ),
        (
            "type: email}",
            "type: e-mail}",
            49,
            "syncs.customers.targets[1].fields.Email.type",
            "e-mail is not allowed here",
            "email",
        ),
        (
            "          - verified_email",
            "          - verifed_mail",
            40,
            "syncs.customers.targets[0].match[1]",
            "verifed_mail is not allowed here",
            "verified_email",
        ),
        (
            "flow: client_credentials",
            "flow: client_credential",
            22,
            "orgs.crm.auth.flow",
            "client_credential is not allowed here",
            "client_credentials",
        ),
    ],
)
def test_a_wrong_name_is_reported_with_the_nearest_valid_one(
    tmp_path: Path, good: str, bad: str, line: int, path: str, message: str, suggestion: str | None
) -> None:
    problems = spoilt(tmp_path, good, bad)

    assert only(problems) == ("crosswalk.yaml", line, path, message, suggestion)
    assert problems[0].expected.startswith("one of: ")


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "message", "expected"),
    [
        ("port: 8080", "port: many", 4, "server.port", "this is text", "a whole number"),
        ("port: 8080", "port: 70000", 4, "server.port", "70000 is out of range", "65535 or less"),
        ("lanes: 2", "lanes: 0", 32, "syncs.customers.lanes", "0 is out of range", "1 or more"),
        (
            "create: true",
            "create: perhaps",
            44,
            "syncs.customers.targets[1].create",
            "this is text",
            "true or false",
        ),
        (
            "client_id: the-client",
            "client_id: 12",
            10,
            "tenants.acme.client_id",
            "this is a number",
            "text; numbers, true and false in quotes",
        ),
        (
            "domain: acme.eu.auth0.com",
            "domain: https://acme.eu.auth0.com",
            9,
            "tenants.acme.domain",
            "this is not a host name",
            "a host name without https:// and without a path, such as acme.eu.auth0.com",
        ),
        (
            "login_url: https://acme",
            "login_url: http://acme",
            19,
            "orgs.crm.login_url",
            "this address does not start with https://",
            "an address such as https://example.com",
        ),
        (
            "login_url: https://acme",
            "login_url: https://me:pw@acme",
            19,
            "orgs.crm.login_url",
            "this address holds a user name or password",
            "an address such as https://example.com",
        ),
        (
            "linger: 150ms",
            "linger: 150",
            31,
            "syncs.customers.linger",
            "this is not a duration",
            "a number with a unit: 150ms, 30s, 5m, 1h or 2d",
        ),
        (
            "linger: 150ms",
            "linger: 2m",
            31,
            "syncs.customers.linger",
            "this would hold changes back for too long",
            "1m or less",
        ),
        (
            "linger: 150ms",
            "linger: {min: 2s, max_delay: 1s}",
            31,
            "syncs.customers.linger",
            "`min` is longer than `max_delay`",
            "a `min` that is at most `max_delay`",
        ),
        (
            "every: 45s",
            "every: 10ms",
            16,
            "tenants.acme.sources.log_poll.every",
            "this is too often for Auth0's rate limits",
            "1s or longer",
        ),
        (
            "timeout: 20s",
            "timeout: 0s",
            25,
            "orgs.crm.timeout",
            "this is not a sensible time to wait",
            "between 1s and 10m",
        ),
        (
            "default_region: US",
            "default_region: USA",
            33,
            "syncs.customers.default_region",
            "this is not a region",
            "an ISO 3166 country code of two letters, such as US or DE",
        ),
        (
            'api_version: "62.0"',
            "api_version: v62",
            20,
            "orgs.crm.api_version",
            "this is not a version of Salesforce's API",
            'a version such as "62.0"',
        ),
        (
            "{from: latest}",
            "{from: 2026-01-31}",
            13,
            "tenants.acme.sources.subscription.from",
            "this is neither latest nor a time with its zone",
            "latest, or a time such as 2026-01-31T00:00:00Z",
        ),
        (
            "  acme:\n    domain",
            "  Acme Inc:\n    domain",
            8,
            "tenants.Acme Inc",
            "Acme Inc is not a valid name",
            "a name of lower-case letters, digits, - and _ that starts with a letter",
        ),
        (
            "          Title: user",
            "          Owner.Name: user",
            51,
            "syncs.customers.targets[1].fields.Owner.Name",
            "Owner.Name is not a valid name",
            "a Salesforce API name, such as LastName or Loyalty_Level__c",
        ),
        (
            '    sources:\n      subscription: {from: latest}\n      event_stream: {token: "${EVENT_TOKEN}"}\n'
            '      log_stream: {token: "file:secrets/log-token"}\n      log_poll: {every: 45s}\n',
            "    sources: {}\n",
            12,
            "tenants.acme.sources",
            "there is no source",
            "at least one of subscription, event_stream, log_stream and log_poll",
        ),
        (
            "match: [external_id, verified_email]",
            "match: []",
            46,
            "syncs.customers.targets[1].match",
            "match is empty",
            "at least one entry",
        ),
        (
            "match: [external_id, verified_email]",
            "match: external_id",
            46,
            "syncs.customers.targets[1].match",
            "this is text",
            "a list (- item)",
        ),
        (
            "    timeout: 20s",
            "    ca_file: missing.pem",
            25,
            "orgs.crm.ca_file",
            "the file FOLDER/missing.pem cannot be read: No such file or directory",
            "a path relative to this configuration file",
        ),
    ],
)
def test_a_wrong_value_is_reported_with_what_was_expected(
    tmp_path: Path, good: str, bad: str, line: int, path: str, message: str, expected: str
) -> None:
    problems = spoilt(tmp_path, good, bad)

    found = next(problem for problem in problems if problem.path == path)
    assert found.place.line == line
    assert found.message == message.replace("FOLDER", str(tmp_path))
    assert found.expected == expected


@pytest.mark.parametrize("expression", ["user.", "1); evil(", "a b", "let x = 1", "(user.name", "return user"])
def test_an_expression_that_does_not_compile_is_reported(tmp_path: Path, expression: str) -> None:
    problems = spoilt(tmp_path, "value: user.email, owner: auth0", f'value: "{expression}", owner: auth0')

    file, line, path, message, _ = only(problems)
    assert (file, line, path) == ("crosswalk.yaml", 49, "syncs.customers.targets[1].fields.Email.value")
    assert message.startswith("this expression does not compile: ")


@pytest.mark.parametrize(
    ("good", "bad", "line", "path"),
    [
        ("!= 'internal'", "!= ", 30, "syncs.customers.filter"),
        ('when: "user.phone_verified"', 'when: "user."', 41, "syncs.customers.targets[0].match[2].when"),
        ('value: "user.phone_number"', 'value: "user..x"', 41, "syncs.customers.targets[0].match[2].value"),
        ("Title: user.user_metadata?.title", "Title: user.?", 51, "syncs.customers.targets[1].fields.Title"),
        (
            "Title: user.user_metadata?.title",
            "Title: |\n            user.a ||\n              user..b",
            53,
            "syncs.customers.targets[1].fields.Title",
        ),
    ],
)
def test_every_place_for_an_expression_is_checked(tmp_path: Path, good: str, bad: str, line: int, path: str) -> None:
    problems = spoilt(tmp_path, good, bad)

    assert only(problems)[1:3] == (line, path)


def test_a_key_written_twice_is_reported_at_the_second(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "  port: 8080\n", "  port: 8080\n  port: 8081\n")

    message = "the key port is written twice; line 4 has it already"
    assert only(problems) == ("crosswalk.yaml", 5, "server.port", message, None)


def test_an_object_that_is_a_target_twice_is_reported(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "object: Lead", "object: Contact")

    repeated = next(problem for problem in problems if problem.path == "syncs.customers.targets[1].object")
    assert repeated.place.line == 43
    assert repeated.message == f"Contact is a target twice; {tmp_path}/crosswalk.yaml:35 has it already"


def test_two_match_rules_of_one_name_are_reported(tmp_path: Path) -> None:
    rule = '          - {field: Phone, value: "user.phone_number", type: phone, when: "user.phone_verified"}\n'

    problems = spoilt(tmp_path, rule, rule + rule)

    message = "two match rules are called Phone"
    assert only(problems)[1:4] == (42, "syncs.customers.targets[0].match[3]", message)


def test_a_field_with_two_owners_is_reported(tmp_path: Path) -> None:
    problems = spoilt(
        tmp_path, "          Title: user", "          LASTNAME__C: user.name\n          lastname__c: user"
    )

    path = "syncs.customers.targets[1].fields.lastname__c"
    where = f"{tmp_path}/crosswalk.yaml:51"
    message = f"lastname__c has two owners: {where} maps the same field as LASTNAME__C"
    assert only(problems) == ("crosswalk.yaml", 52, path, message, None)


def test_the_external_id_cannot_be_mapped_by_hand(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "          Title: user", "          Auth0_User_Id__c: user")

    file, line, path, message, _ = only(problems)
    assert (file, line) == ("crosswalk.yaml", 51)
    assert path == "syncs.customers.targets[1].fields.Auth0_User_Id__c"
    assert message.startswith("Auth0_User_Id__c has two owners: it is the external id")


def test_a_field_twice_in_a_mapping_file_is_reported_there(tmp_path: Path) -> None:
    problems = problems_of(write_files(tmp_path, contact=CONTACT_YAML + "FirstName: user.name\n"))

    path = "syncs.customers.targets[0].fields.FirstName"
    message = "the key FirstName is written twice; line 2 has it already"
    assert only(problems) == ("contact.yaml", 6, path, message, None)


@pytest.mark.parametrize(
    ("contact", "line", "path", "message"),
    [
        ("FirstName: user.\n", 1, ".FirstName", "this expression does not compile: it ends too early at column 6"),
        ("\n\nEmial: user.email\n", 3, ".Emial", "Contact has no field Emial"),
        ("FirstName:\n  value: user.name\n  ownr: auth0\n", 3, ".FirstName.ownr", "unknown key ownr"),
        ("FirstName: [user.name]\n", 1, ".FirstName", "this is a list"),
        ("- user.name\n", 1, "", "this is a list"),
        ("", 1, "", "there is no value"),
        (
            "FirstName: 'user\n",
            2,
            "",
            "this is not YAML: while scanning a quoted scalar found unexpected end of stream",
        ),
    ],
)
def test_a_mistake_in_a_mapping_file_is_reported_there(
    tmp_path: Path, contact: str, line: int, path: str, message: str
) -> None:
    problems = problems_of(write_files(tmp_path, contact=contact))

    assert only(problems)[:4] == ("contact.yaml", line, f"syncs.customers.targets[0].fields{path}", message)


def test_a_mapping_file_that_does_not_exist_is_reported_where_it_is_named(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "mappings/contact.yaml", "mappings/contacts.yaml")

    message = f"the file {tmp_path}/mappings/contacts.yaml does not exist"
    assert only(problems)[:4] == ("crosswalk.yaml", 42, "syncs.customers.targets[0].fields", message)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("version: 1\ntenants: [\n", 3, "this is not YAML: while parsing a flow node "),
        ("version: 1\n\ttenants: x\n", 2, "this is not YAML: while scanning for the next token found character"),
        ("version: *nothing\n", 1, "this is not YAML: found undefined alias 'nothing'"),
        ("version: 1\n---\nversion: 1\n", 2, "this is not YAML: expected a single document in the stream but found"),
        ("version: \x01\n", 1, "this is not YAML: it holds a character that YAML does not allow"),
        ("", 1, "the file holds no configuration"),
        ("- a\n- b\n", 1, "the file holds no configuration"),
        ("[" * 800, 1, "this file is nested too deeply to be read"),
    ],
)
def test_what_is_not_a_configuration_at_all_is_reported(tmp_path: Path, text: str, line: int, message: str) -> None:
    problems = problems_of(write_files(tmp_path, text))

    assert only(problems)[1] == line
    assert only(problems)[3].startswith(message)


def test_tags_and_aliases_that_contain_themselves_are_reported(tmp_path: Path) -> None:
    problems = problems_of(write_files(tmp_path, "version: !secret x\ntenants: &t\n  acme: *t\n"))

    assert ("version", "the tag !secret has no meaning here") in [(p.path, p.message) for p in problems]
    assert ("tenants.acme", "this alias contains itself") in [(p.path, p.message) for p in problems]


def test_aliases_that_multiply_are_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    problems = problems_of(write_files(tmp_path, "\n".join(lines) + "\n"))

    assert "this file holds more than 100000 values" in [problem.message for problem in problems]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"version: \xff\n")

    assert only(problems_of(tmp_path / "none.yaml"))[3] == "the file cannot be read: No such file or directory"
    assert only(problems_of(tmp_path))[3] == "the file cannot be read: Is a directory"
    assert only(problems_of(tmp_path / "binary.yaml"))[3] == "the file is not UTF-8 text (byte 9)"


def test_a_problem_reads_as_one_line(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "          Email: {", "          Emial: {")

    assert str(problems[0]) == (
        f"{tmp_path}/crosswalk.yaml:49  syncs.customers.targets[1].fields.Emial  Lead has no field Emial "
        "(expected a field of Lead, a standard field, or a custom one (__c)), did you mean Email?"
    )
