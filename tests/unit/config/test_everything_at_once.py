"""One file with many mistakes: all of them come at once, in the order of their lines."""

from pathlib import Path

from tests.unit.config.builders import problems_of, write_files

SPOILT = """\
version: 2
server: {prot: 8080, port: many}
tenants:
  acme:
    domain: https://acme.eu.auth0.com
    client_id: 12
    client_secret: hunter2
    sources:
      log_pol: {every: 30s}
      event_stream: {}
orgs:
  crm:
    login_url: http://acme.my.salesforce.com
    login_url: https://acme.my.salesforce.com
    auth: {flow: jwt, client_id: app}
  other:
    login_url: https://acme.my.salesforce.com
    auth: {flow: client_credentials, client_id: app, client_secret: "${SALESFORCE_SECRT}"}
syncs:
  customers:
    tenant: acmee
    org: cmr
    linger: 5 days
    targets:
      - object: Contact
        external_id: Auth0_User_Id__c
        match: [externalid, {feld: Phone, value: "user."}]
        fields: mappings/contact.yaml
      - object: Lead
        create: true
        external_id: Auth0_User_Id__c
        fields:
          Emial: {value: user.email, owner: auth}
          Company: {value: user..company}
          Auth0_User_Id__c: user.user_id
"""

SPOILT_CONTACT = """\
FirstName: {value: user.given_name, type: txt}
Name: user.name
"""


def test_every_mistake_of_a_file_comes_at_once(tmp_path: Path) -> None:
    problems = problems_of(write_files(tmp_path, SPOILT, SPOILT_CONTACT))

    lead, contact = "syncs.customers.targets[1]", "syncs.customers.targets[0]"
    assert [(Path(p.place.file).name, p.place.line, p.path, p.suggestion) for p in problems] == [
        ("crosswalk.yaml", 1, "version", None),
        ("crosswalk.yaml", 2, "server.port", None),
        ("crosswalk.yaml", 2, "server.prot", "port"),
        ("crosswalk.yaml", 5, "tenants.acme.domain", None),
        ("crosswalk.yaml", 6, "tenants.acme.client_id", None),
        ("crosswalk.yaml", 7, "tenants.acme.client_secret", None),
        ("crosswalk.yaml", 9, "tenants.acme.sources.log_pol", "log_poll"),
        ("crosswalk.yaml", 10, "tenants.acme.sources.event_stream.token", None),
        ("crosswalk.yaml", 14, "orgs.crm.login_url", None),
        ("crosswalk.yaml", 15, "orgs.crm.auth.flow", "jwt_bearer"),
        ("crosswalk.yaml", 18, "orgs.other.auth.client_secret", "SALESFORCE_SECRET"),
        ("crosswalk.yaml", 21, "syncs.customers.tenant", "acme"),
        ("crosswalk.yaml", 22, "syncs.customers.org", "crm"),
        ("crosswalk.yaml", 23, "syncs.customers.linger", None),
        ("crosswalk.yaml", 27, f"{contact}.match[0]", "external_id"),
        ("crosswalk.yaml", 27, f"{contact}.match[1].feld", "field"),
        ("crosswalk.yaml", 27, f"{contact}.match[1].value", None),
        ("crosswalk.yaml", 32, f"{lead}.fields", None),
        ("crosswalk.yaml", 33, f"{lead}.fields.Emial.owner", "auth0"),
        ("crosswalk.yaml", 33, f"{lead}.fields.Emial", "Email"),
        ("crosswalk.yaml", 34, f"{lead}.fields.Company.value", None),
        ("crosswalk.yaml", 35, f"{lead}.fields.Auth0_User_Id__c", None),
        ("contact.yaml", 1, f"{contact}.fields.FirstName.type", "text"),
        ("contact.yaml", 2, f"{contact}.fields.Name", None),
    ]
    assert "hunter2" not in "".join(map(str, problems))
