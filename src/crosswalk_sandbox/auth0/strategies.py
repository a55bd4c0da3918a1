"""The kinds of connections: which protocol each speaks, and what the ids of its users look like."""

from __future__ import annotations

DATABASE = ("auth0",)
PASSWORDLESS = ("email", "sms")
# The vendor sends `connection.*` events for these alone (the SDK's models of the events know no others).
WITH_EVENTS = ("oidc", "okta", "samlp", "pingfederate", "adfs", "ad", "google-apps", "waad")
ENTERPRISE = (*WITH_EVENTS, "auth0-adldap", "ip", "office365", "sharepoint")
SOCIAL = (
    "amazon",
    "apple",
    "atlassian",
    "auth0-oidc",
    "baidu",
    "bitbucket",
    "bitly",
    "box",
    "custom",
    "daccount",
    "dropbox",
    "dwolla",
    "evernote",
    "evernote-sandbox",
    "exact",
    "facebook",
    "fitbit",
    "github",
    "gitlab",
    "google-oauth2",
    "instagram",
    "line",
    "linkedin",
    "oauth1",
    "oauth2",
    "paypal",
    "paypal-sandbox",
    "planningcenter",
    "salesforce",
    "salesforce-community",
    "salesforce-sandbox",
    "shop",
    "shopify",
    "slack",
    "soundcloud",
    "thirtysevensignals",
    "twitter",
    "untappd",
    "vkontakte",
    "weibo",
    "windowslive",
    "wordpress",
    "yahoo",
    "yandex",
)
STRATEGIES = (*DATABASE, *PASSWORDLESS, *ENTERPRISE, *SOCIAL)
# A tenant may have many connections of these, so the name of one is part of its users' ids.
NAMED_IN_IDS = ("ad", "adfs", "auth0-adldap", "oauth1", "oauth2", "oidc", "okta", "pingfederate", "samlp")


def kind_of(strategy: str) -> str:
    """Return ``database``, ``passwordless``, ``enterprise`` or ``social``, as logs name it."""
    if strategy in DATABASE:
        return "database"
    if strategy in PASSWORDLESS:
        return "passwordless"
    return "enterprise" if strategy in ENTERPRISE else "social"


def is_social(strategy: str) -> bool:
    """Tell whether identities of a strategy are marked ``isSocial``."""
    return kind_of(strategy) == "social"


def identity_id(strategy: str, connection: str, subject: str) -> str:
    """Return the ``user_id`` of an identity, which is the user's id after the strategy and a bar.

    Parameters
    ----------
    subject : str
        What the provider calls the person.
    """
    return f"{connection}|{subject}" if strategy in NAMED_IN_IDS else subject
