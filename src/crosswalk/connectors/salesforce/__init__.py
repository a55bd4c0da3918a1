"""The Salesforce end: a thin asynchronous client, one module per resource over one small transport.

May import `crosswalk.domain` and the modules directly in `crosswalk.connectors`. Start with `client`; `errors` has the
table that says what each Salesforce error code means for a write.
"""
