"""Mapping tests: cases kept beside the mappings that say which plan comes of which states.

Everything here is offline and pure but for the reading of files: a case goes through the same functions as an event
does. May import `domain` to `reconcile`, `flows` and `config`. Start with `case` (what a case is), then `running`;
`reading` is the format, `comparing` the verdict, `coverage` what no case exercised, and `masking` and `writing` make
cases of what really happened.
"""
