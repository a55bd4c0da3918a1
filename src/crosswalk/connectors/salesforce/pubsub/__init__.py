"""Salesforce's Pub/Sub API: what changed in an org's records, as it happens.

May import what `crosswalk.connectors.salesforce` may, grpc, and `crosswalk_pubsub`, which has the vendor's proto and
reads its payloads. Start with `subscription`; `change_events` turns an event into changes of records, `calls` is the
one small layer that every call goes through.
"""
