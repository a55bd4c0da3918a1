"""What a good configuration becomes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from crosswalk.config import ClientCredentialsAuth, JwtBearerAuth, UnknownSync, load_config
from crosswalk.domain.definition import FieldMap
from crosswalk.domain.match_rule import MatchPart, MatchRule
from crosswalk.domain.place import Place
from crosswalk.domain.values import Owner, ValueType
from tests.unit.config.builders import CROSSWALK_YAML, ENVIRON, load, write_files

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def test_everything_written_is_found_in_the_loaded_configuration(tmp_path: Path) -> None:
    config = load(tmp_path)

    assert config.server.port == 8080
    assert config.server.public_url == "https://hub.example.com"
    assert config.database_url is None
    assert config.state_dir == tmp_path / "state"
    tenant = config.tenants["acme"]
    assert tenant.url == "https://acme.eu.auth0.com"
    assert tenant.client_secret.get_secret_value() == "auth0-s3cret"
    assert tenant.sources.subscription is not None
    assert tenant.sources.event_stream is not None
    assert tenant.sources.event_stream.token.get_secret_value() == "event-t0ken"
    assert tenant.sources.log_stream is not None
    assert tenant.sources.log_stream.token.get_secret_value() == "log-t0ken"
    assert tenant.sources.log_poll is not None
    assert tenant.sources.log_poll.every == timedelta(seconds=45)
    org = config.orgs["crm"]
    assert org.timeout == timedelta(seconds=20)
    assert isinstance(org.auth, ClientCredentialsAuth)
    assert config.syncs["customers"].default_region == "US"


def test_the_definition_speaks_the_domains_words_and_knows_the_lines(tmp_path: Path) -> None:
    path = write_files(tmp_path)

    definition = load_config(path, ENVIRON).definition("customers")

    contact, lead = definition.targets
    mapping_file = str(tmp_path / "mappings" / "contact.yaml")
    assert (definition.tenant, definition.org, definition.lanes, definition.linger_ms) == ("acme", "crm", 2, 150)
    assert definition.filter == "user.identities[0].connection != 'internal'"
    assert definition.filter_place == Place(str(path), 30)
    assert (contact.object, contact.create, contact.external_id_field) == ("Contact", False, "Auth0_User_Id__c")
    assert contact.place == Place(str(path), 35)
    assert contact.fields == (
        FieldMap("FirstName", "user.given_name", Owner.AUTH0, ValueType.TEXT, Place(mapping_file, 2)),
        FieldMap("Email", "user.email", Owner.AUTH0, ValueType.EMAIL, Place(mapping_file, 3)),
    )
    assert contact.match == (
        MatchRule(
            "external_id",
            (MatchPart(("Auth0_User_Id__c",), "user.user_id", ValueType.TEXT),),
            Place(str(path), 39),
        ),
        MatchRule(
            "verified_email",
            (MatchPart(("Email",), "user.email", ValueType.EMAIL),),
            Place(str(path), 40),
            "user.email_verified === true",
        ),
        MatchRule(
            "Phone",
            (MatchPart(("Phone",), "user.phone_number", ValueType.PHONE),),
            Place(str(path), 41),
            "user.phone_verified",
        ),
    )
    assert lead.create is True
    assert lead.fields[2] == FieldMap(
        "Company", "user.user_metadata?.company ?? 'Unknown'", Owner.INITIAL, ValueType.TEXT, Place(str(path), 50)
    )
    assert lead.fields[3].expression == "user.user_metadata?.title"


def test_places_name_files_the_way_the_configuration_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(tmp_path)
    monkeypatch.chdir(tmp_path)

    definition = load_config(Path("crosswalk.yaml"), ENVIRON).definition("customers")

    assert str(definition.targets[0].place) == "crosswalk.yaml:35"
    assert str(definition.targets[0].fields[0].place) == "mappings/contact.yaml:2"


def test_a_sync_that_does_not_exist_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    config = load(tmp_path)

    with pytest.raises(UnknownSync, match=r"no sync costumers .* did you mean customers"):
        config.definition("costumers")


def test_what_is_not_written_has_its_default(tmp_path: Path) -> None:
    text = CROSSWALK_YAML
    for line in (
        "  host: 127.0.0.1\n",
        "state_dir: state\n",
        "    linger: 150ms\n",
        "    lanes: 2\n",
        '    api_version: "62.0"\n',
        "        match: [external_id, verified_email]\n",
    ):
        assert line in text
        text = text.replace(line, "")

    config = load(tmp_path, text)

    assert config.server.host == "127.0.0.1"
    assert config.state_dir == tmp_path / ".crosswalk"
    assert config.orgs["crm"].api_version == "62.0"
    assert config.definition("customers").linger_ms == 150
    assert config.definition("customers").longest_linger_ms == 1000
    assert config.definition("customers").lanes == 1
    assert [rule.name for rule in config.definition("customers").targets[1].match] == ["external_id"]


def test_a_source_may_be_named_without_anything_after_it(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("subscription: {from: latest}", "subscription:").replace(
        "log_poll: {every: 45s}", "log_poll:"
    )

    sources = load(tmp_path, text).tenants["acme"].sources

    assert sources.subscription is not None
    assert sources.subscription.start is None
    assert sources.log_poll is not None
    assert sources.log_poll.every == timedelta(seconds=30)


def test_a_subscription_may_start_at_a_time(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("{from: latest}", "{from: 2026-01-31T01:00:00+01:00}")

    subscription = load(tmp_path, text).tenants["acme"].sources.subscription

    assert subscription is not None
    assert subscription.start == datetime(2026, 1, 31, tzinfo=UTC)


def test_jwt_bearer_takes_its_key_from_a_file(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace(
        "      flow: client_credentials\n      client_id: the-app\n      client_secret: ${SALESFORCE_SECRET}\n",
        "      flow: jwt_bearer\n      client_id: the-app\n      username: hub@acme.example\n"
        "      private_key: file:secrets/key.pem\n",
    )
    path = write_files(tmp_path, text)
    (tmp_path / "secrets" / "key.pem").write_text(PRIVATE_KEY)

    auth = load_config(path, ENVIRON).orgs["crm"].auth

    assert isinstance(auth, JwtBearerAuth)
    assert auth.audience == "https://login.salesforce.com"
    assert auth.private_key.get_secret_value() == PRIVATE_KEY.rstrip("\n")


def test_a_version_without_quotes_is_a_version(tmp_path: Path) -> None:
    config = load(tmp_path, CROSSWALK_YAML.replace('"62.0"', "61.0"))

    assert config.orgs["crm"].api_version == "61.0"


@pytest.mark.parametrize(
    ("written", "milliseconds"), [("150ms", 150), ("0ms", 0), ("2s", 2000), ("1.5s", 1500), ("1m", 60_000)]
)
def test_durations_are_a_number_with_a_unit(tmp_path: Path, written: str, milliseconds: int) -> None:
    config = load(tmp_path, CROSSWALK_YAML.replace("150ms", written))

    definition = config.definition("customers")
    assert (definition.linger_ms, definition.longest_linger_ms) == (milliseconds, milliseconds)


def test_the_linger_may_have_two_bounds(tmp_path: Path) -> None:
    config = load(tmp_path, CROSSWALK_YAML.replace("linger: 150ms", "linger: {max_delay: 30s}"))

    definition = config.definition("customers")
    assert (definition.linger_ms, definition.longest_linger_ms) == (150, 30_000)


def test_one_mapping_can_be_merged_into_another_by_yaml_alias(tmp_path: Path) -> None:
    contact = "FirstName: &given {value: user.given_name, owner: initial}\nLastName: {<<: *given, value: user.name}\n"

    fields = load(tmp_path, contact=contact).definition("customers").targets[0].fields

    assert [(field.field, field.expression, field.owner) for field in fields] == [
        ("FirstName", "user.given_name", Owner.INITIAL),
        ("LastName", "user.name", Owner.INITIAL),
    ]


def test_an_account_is_matched_by_the_person_accounts_address(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("object: Lead", "object: Account").replace("Title: user", "Site: user")
    text = text.replace("          Email: {", "          PersonEmail: {").replace(
        "          Company: {", "          Sic: {"
    )

    account = load(tmp_path, text).definition("customers").targets[1]

    assert account.match[1].fields == ("PersonEmail",)


def test_a_loaded_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = load(tmp_path)

    with pytest.raises(ValidationError):
        config.server.port = 1
    with pytest.raises(TypeError):
        config.tenants["other"] = config.tenants["acme"]  # type: ignore[index]
