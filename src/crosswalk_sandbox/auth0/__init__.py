"""One emulated Auth0 tenant: `Tenant` holds its state, `create_app` serves it over HTTP.

Built from the vendor's Python SDK (its request code and response models), the vendor's documentation and recorded
payloads. Imports nothing from `crosswalk` nor from the other half of the sandbox. Start reading at `tenant`, then
`routes.management`; `webhooks` delivers, `pages` is what a person sees.

Emulated
    The token endpoint for client credentials, keys and discovery. Users: create, read, update, delete, search v3 (a
    subset of its syntax), paging with its limit of 1,000, look-up by e-mail. Tenant logs by search and by checkpoint,
    log streams of type http. Event streams to webhooks with retries, delivery history and redelivery. The event
    subscription (server-sent events). The error shapes, rate-limit headers and, when turned on, refusals with 429. A
    sign-up and a profile page.

Not emulated
    Search is consistent at once here, and eventually so at the vendor. One database connection; no other connections,
    identities to link, roles, organizations, groups, Actions, jobs (import, export), tickets or e-mails; no logins but
    the one that follows a sign-up. Of the vendor's events only `user.created`, `user.updated` and `user.deleted`
    happen by themselves; others can be sent as test events with given data. Scopes of a token are not checked against
    the operation. `http` URLs of webhooks are accepted for loopback addresses. Passwords are checked for their length
    and then forgotten. The wording of rare errors is a best effort.
"""

from __future__ import annotations

from crosswalk_sandbox.auth0.app import create_app
from crosswalk_sandbox.auth0.knobs import Knobs
from crosswalk_sandbox.auth0.origin import Origin
from crosswalk_sandbox.auth0.problems import Problem
from crosswalk_sandbox.auth0.tenant import Tenant

__all__ = ["Knobs", "Origin", "Problem", "Tenant", "create_app"]
