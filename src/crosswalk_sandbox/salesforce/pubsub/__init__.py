"""The org's events: what changed in its records, platform events, and the Pub/Sub API that hands them out.

May import the org's plain parts, `crosswalk_pubsub`, the clients of `streaming` (another reader of the bus), and, in
`server` and what only it imports, grpc. Start with `events`, which the org owns: `capture` makes change events of what
a transaction wrote, `bus` keeps them, `service` serves them.

Emulated
    GetTopic, GetSchema, Subscribe, Publish, PublishStream; `/data/ChangeEvents`, the channel of each object that is
    selected for change data capture (all at first, but profiles, permission sets and their assignments, which the
    vendor does not offer), and platform events; the vendor's Avro types and order of fields (as recorded, see
    `change_schema`); one event for several records that changed alike in one transaction, and for a record that one
    transaction changed several times; events kept for 72 hours of the org's time; gap and overflow events.

Decided without a recording
    Creations are never merged into one event. A record that is created and deleted in one transaction has no event,
    one that is updated and deleted a deletion. Children that a merge moves have updates. Records whose reference is
    emptied by a deletion have no event. A compound field whose parts all are null is null. A transaction is one call
    that writes, one row of a bulk job, or one composite call that is all or none. All channels share one
    sequence of replay ids. At most the 500,000 newest events are kept. A stream ends when the client has ended its
    requests, and a minute after the last event that was asked for. Changes of long texts come whole, never as a diff.
    Records that are seeded have no events. The gRPC status of wrong headers is UNAUTHENTICATED, that of publishing on a
    channel of changes PERMISSION_DENIED, and that of an idle publishing stream UNAVAILABLE.

Not emulated
    ManagedSubscribe, custom channels, filters, enriched fields, allocations, schemas of events over REST.
"""
