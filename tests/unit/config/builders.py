"""A good configuration to spoil, and the loading of what came out."""

from collections.abc import Mapping
from pathlib import Path

from crosswalk.config import Config, ConfigurationError, Problem, load_config

ENVIRON = {
    "AUTH0_SECRET": "auth0-s3cret",
    "SALESFORCE_SECRET": "salesforce-s3cret",
    "EVENT_TOKEN": "event-t0ken",
}

CROSSWALK_YAML = """\
version: 1
server:
  host: 127.0.0.1
  port: 8080
  public_url: https://hub.example.com
state_dir: state
tenants:
  acme:
    domain: acme.eu.auth0.com
    client_id: the-client
    client_secret: ${AUTH0_SECRET}
    sources:
      subscription: {from: latest}
      event_stream: {token: "${EVENT_TOKEN}"}
      log_stream: {token: "file:secrets/log-token"}
      log_poll: {every: 45s}
orgs:
  crm:
    login_url: https://acme.my.salesforce.com
    api_version: "62.0"
    auth:
      flow: client_credentials
      client_id: the-app
      client_secret: ${SALESFORCE_SECRET}
    timeout: 20s
syncs:
  customers:
    tenant: acme
    org: crm
    filter: "user.identities[0].connection != 'internal'"
    linger: 150ms
    lanes: 2
    default_region: US
    targets:
      - object: Contact
        create: false
        external_id: Auth0_User_Id__c
        match:
          - external_id
          - verified_email
          - {field: Phone, value: "user.phone_number", type: phone, when: "user.phone_verified"}
        fields: mappings/contact.yaml
      - object: Lead
        create: true
        external_id: Auth0_User_Id__c
        match: [external_id, verified_email]
        fields:
          LastName: {value: "user.family_name ?? user.name", owner: auth0, type: text}
          Email: {value: user.email, owner: auth0, type: email}
          Company: {value: "user.user_metadata?.company ?? 'Unknown'", owner: initial}
          Title: user.user_metadata?.title
"""

CONTACT_YAML = """\
# what a contact gets
FirstName: user.given_name
Email:
  value: user.email
  type: email
"""


def write_files(folder: Path, text: str = CROSSWALK_YAML, contact: str = CONTACT_YAML) -> Path:
    """Write a configuration with its mapping file and its secret; returns the path of `crosswalk.yaml`."""
    (folder / "mappings").mkdir(parents=True, exist_ok=True)
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "mappings" / "contact.yaml").write_text(contact, encoding="utf-8")
    (folder / "secrets" / "log-token").write_text("log-t0ken\n", encoding="utf-8")
    path = folder / "crosswalk.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str = CROSSWALK_YAML, contact: str = CONTACT_YAML) -> Config:
    """Load a configuration that is expected to be good."""
    return load_config(write_files(folder, text, contact), ENVIRON)


def problems_of(path: Path, environ: Mapping[str, str] = ENVIRON) -> list[Problem]:
    """Load a configuration, and return what is wrong with it."""
    try:
        load_config(path, environ)
    except ConfigurationError as error:
        return error.problems
    return []


def spoilt(folder: Path, good: str, bad: str) -> list[Problem]:
    """Replace one piece of the good configuration, which has to be there, and return what is wrong afterwards."""
    assert CROSSWALK_YAML.count(good) == 1, good
    return problems_of(write_files(folder, CROSSWALK_YAML.replace(good, bad)))


def only(problems: list[Problem]) -> tuple[str, int, str, str, str | None]:
    """The only problem as (file's name, line, path, message, suggestion)."""
    assert len(problems) == 1, "\n".join(map(str, problems))
    problem = problems[0]
    return Path(problem.place.file).name, problem.place.line, problem.path, problem.message, problem.suggestion
