"""How one person is written down: as a user of the tenant, as a contact or a lead of the org."""

import hashlib
from typing import Any

from crosswalk_sandbox.seeds.people import Person

DATABASE = "Username-Password-Authentication"
SOCIAL = "google-oauth2"
ENTERPRISE = "acme-saml"


def user(person: Person, seed_number: int, *, is_verified: bool = True, plan: str = "free") -> dict[str, Any]:
    """The user, as a request to create one has it."""
    return {
        "user_id": account_id(person, seed_number),
        "email": person.email,
        "email_verified": is_verified,
        "given_name": person.given_name.written,
        "family_name": person.family_name.written,
        "name": person.full_name,
        "user_metadata": {
            "phone": person.phone,
            "company": person.company,
            "title": person.title,
            "country": person.place.country,
            "locale": person.place.locale,
            "newsletter": person.is_consenting,
        },
        "app_metadata": {"plan": plan},
    }


def account_id(person: Person, seed_number: int, kind: str = "") -> str:
    """24 hexadecimal digits, the same for the same person of the same seed."""
    return hashlib.blake2b(f"{seed_number}:{person.index}:{kind}".encode(), digest_size=12).hexdigest()


def contact(person: Person, account: str) -> dict[str, Any]:
    """The contact, as a client sends it."""
    return {
        **_names(person),
        "AccountId": account,
        "MailingCity": person.city,
        "MailingCountry": person.place.country,
        "HasOptedOutOfEmail": not person.is_consenting,
    }


def lead(person: Person, source: str) -> dict[str, Any]:
    """The lead, as a client sends it."""
    return {
        **_names(person),
        "Company": person.company,
        "City": person.city,
        "Country": person.place.country,
        "LeadSource": source,
        "HasOptedOutOfEmail": not person.is_consenting,
    }


def _names(person: Person) -> dict[str, Any]:
    return {
        "FirstName": person.given_name.written,
        "LastName": person.family_name.written,
        "Email": person.email,
        "Phone": person.phone_international,
        "Title": person.title,
    }
