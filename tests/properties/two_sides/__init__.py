"""Two simulated sides with the real hub between them, for property tests: no sockets, no database, no real time.

What is real: everything that decides. The hub's own `Planner`, `Reconciler`, `Router` and ledger run here as they are,
with the compiled sync, and events are parsed from the vendors' shapes.

What is modelled, in memory:

- `clock`: one logical clock for both vendors and the hub; things may happen within one tick.
- `tenant`: Auth0's users: sign-up, edits, verification, blocking, deletion, account linking and unlinking, PATCH.
- `org`: Salesforce's records: edits, the unique external id, upserts, conversion, merge, recycle bin.
- `store`: the tables behind `crosswalk.store`, each function doing in a dictionary what its SQL does.
- `process`: what a process can suffer between any two steps of its work. `hub`: intake and lanes.
- `steps`: what people, vendors and the network may do. `outcome`: what must hold in the end.

Deals have a hub of their own (`deals`), over the same tables and with the same mishaps.

What is not modelled: the loop detector (its quarantines would let fields differ on purpose), thresholds and pauses.
"""
