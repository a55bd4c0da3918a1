"""Inbound SCIM 2.0: how an enterprise's directory sends users and groups to a connection (RFC 7643, RFC 7644).

`configurations` holds which connections take it and with which tokens; `people` and `teams` translate between the
standard's resources and the tenant's; `routes` serves ``/scim/v2/connections/{id}`` and the part of the Management API
that configures it. May import the tenant's other modules.
"""
