"""A tenant's configuration: settings documents, and collections of configured things. Little of it changes logins.

`settings` is what there is one of (tenant settings, branding, attack protection, providers, templates), `resources`
what there are many of (forms, flows, profiles, custom domains); both are behaviour over tables, `settings_table` and
`resource_table`, which say for each endpoint its properties, first values and answer while nothing is there. Start
reading at `settings`. Imports only what the whole tenant shares: `problems`, `schema`, `events` for ids, `clock`.
"""

from __future__ import annotations

from crosswalk_sandbox.auth0.configuration.resources import Resources
from crosswalk_sandbox.auth0.configuration.settings import Settings

__all__ = ["Resources", "Settings"]
