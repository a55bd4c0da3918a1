"""One emulated Auth0 tenant: `Tenant` holds its state, `create_app` serves it over HTTP.

Built from the vendor's Python SDK (its request code and response models), the vendor's documentation and recorded
payloads. Imports nothing from `crosswalk` nor from the other half of the sandbox. Start reading at `tenant`, then
`routes.management`; `signin` is how people log in and applications get tokens, `webhooks` delivers, `pages` is what a
person sees.

Emulated
    Logins: discovery, keys, ``/authorize`` (code flow with PKCE, `state`, `nonce`, `audience`, `prompt`, `max_age`,
    `login_hint`, `screen_hint`, `organization`, `invitation`, `connection`, three response modes) with pages for login,
    sign-up, the choice of an organization, forgotten passwords, one-time passwords and consent, and one that plays
    social and enterprise providers;
    sessions; brute-force protection; ``/userinfo``, both logouts. Token endpoint:
    codes, refresh tokens with rotation and detection of reuse, client credentials, passwords, one-time passwords;
    revocation; sign-up by API. Each outcome is logged with the vendor's type. Actions run in Node where it is present.

    Management API: users (create, read, update, delete, search v3 in a subset of its syntax, paging with its limit of
    1,000, look-up by e-mail), blocks of accounts and addresses, linked identities, sessions, refresh tokens,
    authenticator apps, connections of all strategies, inbound SCIM, groups, jobs, tickets, statistics, applications,
    APIs, client grants, roles and permissions, also as they add up, what people consented to, organizations with
    members, their roles, connections and invitations, policy of the second factor, rotation of signing keys; all 25
    types of events by real actions; tenant logs by search and by checkpoint, log streams of type http; event streams to
    webhooks with retries, delivery history and redelivery; the event subscription (server-sent events); the tenant's
    configuration (`configuration`: settings documents, templates, providers, profiles, forms, flows, custom domains),
    most of it kept and given back without effect. Scopes are checked, error shapes, rate-limit headers and, when turned
    on, refusals with 429 are the vendor's.

Not emulated
    Logins: flows other than the code flow, pushed or signed requests, wildcards in callbacks, signatures other than
    RS256, client assertions, user tokens for the Management API, second factors but the authenticator app with
    its recovery code, passwordless logins. The addresses of the pages that ask for an organization are
    ours. Providers are played by a page; nothing is sent to them, and mappings of attributes are not followed.

    Search is consistent at once here unless a knob delays it, and eventually so at the vendor. E-mails stay in the
    tenant's mailbox. The first database is enabled for every application that does not turn it off. `http` URLs of
    webhooks are accepted for loopback addresses. Passwords are checked for their length only. The wording of rare
    errors is a best effort.
"""

from __future__ import annotations

from crosswalk_sandbox.auth0.app import create_app
from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.auth0.loading import ensure_connections, load_users
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant

__all__ = ["Knobs", "Origin", "Problem", "Tenant", "create_app", "ensure_connections", "load_users"]
