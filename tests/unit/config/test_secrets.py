"""Secrets and environment variables: where they may come from, and where they never show."""

import traceback
from pathlib import Path

import pytest

from crosswalk.config import ConfigurationError, load_config
from tests.unit.config.builders import CROSSWALK_YAML, ENVIRON, load, only, problems_of, spoilt, write_files

EXPECTED = "this secret is written in the file itself; secrets only as ${ENV} or file:"


@pytest.mark.parametrize(
    ("good", "bad", "line", "path"),
    [
        ("${AUTH0_SECRET}", "hunter2", 11, "tenants.acme.client_secret"),
        ("${SALESFORCE_SECRET}", "hunter2", 24, "orgs.crm.auth.client_secret"),
        ('"${EVENT_TOKEN}"', "hunter2", 14, "tenants.acme.sources.event_stream.token"),
        ('"file:secrets/log-token"', "hunter2", 15, "tenants.acme.sources.log_stream.token"),
        ("host: 127.0.0.1", "admin_token: hunter2", 3, "server.admin_token"),
        ("${AUTH0_SECRET}", "${UNSET_SECRET:-hunter2}", 11, "tenants.acme.client_secret"),
    ],
)
def test_a_secret_written_in_the_file_is_refused(tmp_path: Path, good: str, bad: str, line: int, path: str) -> None:
    problems = spoilt(tmp_path, good, bad)

    assert only(problems) == ("crosswalk.yaml", line, path, EXPECTED, None)
    assert "hunter2" not in str(problems[0])


def test_a_secret_that_is_a_number_is_refused_without_being_shown(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "${AUTH0_SECRET}", "271828")

    assert only(problems)[2] == "tenants.acme.client_secret"
    assert "271828" not in str(problems[0])


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    problems = problems_of(write_files(tmp_path), {**ENVIRON, "AUTH0_SECRET": ""})

    assert only(problems) == ("crosswalk.yaml", 11, "tenants.acme.client_secret", "this secret is empty", None)


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "file:secrets/log-token", "file:secrets/nothing-here")

    file, line, path, message, _ = only(problems)
    assert (file, line, path) == ("crosswalk.yaml", 15, "tenants.acme.sources.log_stream.token")
    assert message == f"the file {tmp_path}/secrets/nothing-here cannot be read: No such file or directory"


def test_a_private_key_has_to_look_like_one(tmp_path: Path) -> None:
    problems = spoilt(
        tmp_path,
        "      flow: client_credentials\n      client_id: the-app\n      client_secret: ${SALESFORCE_SECRET}\n",
        "      flow: jwt_bearer\n      client_id: the-app\n      username: hub@acme.example\n"
        "      private_key: ${SALESFORCE_SECRET}\n",
    )

    assert only(problems) == ("crosswalk.yaml", 25, "orgs.crm.auth.private_key", "this is not a private key", None)
    assert "salesforce-s3cret" not in str(problems[0])


def test_secrets_never_show_in_the_loaded_configuration(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("state_dir: state", "database_url: ${DATABASE}")
    environ = {**ENVIRON, "DATABASE": "postgresql://hub:db-s3cret@db/hub"}

    config = load_config(write_files(tmp_path, text), environ)

    shown = [repr(config), str(config.tenants), str(config.orgs["crm"].auth), config.orgs["crm"].model_dump_json()]
    for secret in (*ENVIRON.values(), "log-t0ken", "db-s3cret"):
        assert all(secret not in text for text in shown)
    assert config.database_url is not None
    assert config.database_url.get_secret_value() == "postgresql://hub:db-s3cret@db/hub"


def test_secrets_never_show_in_what_a_bad_configuration_raises(tmp_path: Path) -> None:
    text = CROSSWALK_YAML
    for good, bad in (
        ("client_secret: ${AUTH0_SECRET}", "client_secrte: ${AUTH0_SECRET}"),
        ('event_stream: {token: "${EVENT_TOKEN}"}', 'event_stream: "${EVENT_TOKEN}"'),
        ("domain: acme.eu.auth0.com", "domain: ${AUTH0_SECRET}/x"),
        ("port: 8080", "port: ${SALESFORCE_SECRET}"),
        ("flow: client_credentials", "flow: ${SALESFORCE_SECRET}"),
    ):
        text = text.replace(good, bad)

    with pytest.raises(ConfigurationError) as raised:
        load_config(write_files(tmp_path, text), ENVIRON)

    shown = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + repr(raised.value.problems)
    assert len(raised.value.problems) == 5
    for secret in ENVIRON.values():
        assert secret not in shown


def test_a_variable_that_is_not_set_is_reported_with_the_nearest_one(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "${AUTH0_SECRET}", "${AUTH0_SECRT}")

    assert only(problems) == (
        "crosswalk.yaml",
        11,
        "tenants.acme.client_secret",
        "the environment variable AUTH0_SECRT is not set",
        "AUTH0_SECRET",
    )


@pytest.mark.parametrize("bad", ["${", "${}", "${1X}", "${A B}", "x ${AUTH0_SECRET"])
def test_a_broken_reference_to_a_variable_is_reported(tmp_path: Path, bad: str) -> None:
    problems = spoilt(tmp_path, "client_id: the-client", f'client_id: "{bad}"')

    message = "this ${ is not followed by a variable's name and }"
    assert only(problems) == ("crosswalk.yaml", 10, "tenants.acme.client_id", message, None)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${CLIENT}", "from-the-environment"),
        ("a-${CLIENT}-${CLIENT}", "a-from-the-environment-from-the-environment"),
        ("${MISSING:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${CLIENT:-other}", "from-the-environment"),
        ("$${CLIENT}", "${CLIENT}"),
    ],
)
def test_variables_are_filled_in_anywhere_inside_a_value(tmp_path: Path, written: str, read: str) -> None:
    path = write_files(tmp_path, CROSSWALK_YAML.replace("client_id: the-client", f'client_id: "{written}"'))

    config = load_config(path, {**ENVIRON, "CLIENT": "from-the-environment", "EMPTY": ""})

    assert config.tenants["acme"].client_id == read


def test_a_number_may_come_from_a_variable(tmp_path: Path) -> None:
    path = write_files(tmp_path, CROSSWALK_YAML.replace("port: 8080", "port: ${PORT:-9000}"))

    assert load_config(path, ENVIRON).server.port == 9000
    assert load_config(path, {**ENVIRON, "PORT": "9001"}).server.port == 9001


def test_template_literals_in_expressions_belong_to_javascript(tmp_path: Path) -> None:
    text = CROSSWALK_YAML.replace("Title: user.user_metadata?.title", "Title: '`${user.name} of ${user.nickname}`'")

    fields = load(tmp_path, text).definition("customers").targets[1].fields

    assert fields[3].expression == "`${user.name} of ${user.nickname}`"


def test_the_database_may_come_from_the_environment_alone(tmp_path: Path) -> None:
    path = write_files(tmp_path)

    config = load_config(path, {**ENVIRON, "CROSSWALK_DATABASE_URL": "postgresql://db/hub"})

    assert config.database_url is not None
    assert config.database_url.get_secret_value() == "postgresql://db/hub"


def test_a_written_database_goes_before_the_environment(tmp_path: Path) -> None:
    path = write_files(tmp_path, CROSSWALK_YAML.replace("state_dir: state", "database_url: postgresql:///written"))

    config = load_config(path, {**ENVIRON, "CROSSWALK_DATABASE_URL": "postgresql://db/hub"})

    assert config.database_url is not None
    assert config.database_url.get_secret_value() == "postgresql:///written"


def test_a_database_password_in_the_file_is_refused(tmp_path: Path) -> None:
    problems = spoilt(tmp_path, "state_dir: state", "database_url: postgresql://hub:hunter2@db/hub")

    assert only(problems)[1:4] == (
        6,
        "database_url",
        "this password is written in the file itself; secrets only as ${ENV}",
    )
    assert "hunter2" not in str(problems[0])


def test_another_kind_of_database_in_the_environment_is_refused(tmp_path: Path) -> None:
    problems = problems_of(write_files(tmp_path), {**ENVIRON, "CROSSWALK_DATABASE_URL": "mysql://u:hunter2@db/x"})

    message = "the environment variable CROSSWALK_DATABASE_URL does not hold the address of a PostgreSQL database"
    assert only(problems)[2:4] == ("database_url", message)
    assert "hunter2" not in str(problems[0])
