"""How much an expression may use, and why that much."""

MEMORY_BYTES = 64 * 1024 * 1024
"""Of one QuickJS context. A full call needs under 15 MB; a worker that meets a hungry
expression stays within its 250 MB."""

STACK_BYTES = 256 * 1024
"""Of the C stack. Threads have 512 KB on macOS, more elsewhere; ordinary expressions need a few KB."""

CALL_SECONDS = 0.25
"""CPU time of one call over a full chunk. The usual call takes 10 ms; noticing a loop costs this much."""

EXPRESSION_SECONDS = 0.05
"""CPU time of one expression over one user, usually 2 µs: only a loop or a bad regular expression gets there."""

SLOW_SECONDS = 0.001
"""An expression that takes this long over one user may be blamed when a whole call runs out of time."""

CHUNK_IDENTITIES = 256
"""Users in one call: enough that the call itself costs nothing, few enough that a wild one holds up little."""

CHUNK_BYTES = 1024 * 1024
"""JSON text in one call: parsed it takes about ten times as much, far below `MEMORY_BYTES`."""

STRIKES = 3
"""After running wild for this many users, an expression is left out for the rest of the batch."""

TEXT_CHARACTERS = 131_072
"""Of one result: the longest text a Salesforce field can hold (Long Text Area)."""

LIST_ITEMS = 500
"""Of one result: the most values that a multi-select picklist can define."""
