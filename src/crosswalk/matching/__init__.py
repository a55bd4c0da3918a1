"""Finding the record of an identity: keys to look for, candidates that were found, and the decision.

May import `domain` and `expressions`. Start with `resolution` (one identity) and `batch` (many). The way there: `keys`
makes keys, compared as `folding` says; `look_ups` asks for them in their `written_forms`; `candidates` arranges what
was found; `where` and `similarity` judge it. `awaited` says what an identity waits for that was not found.
"""
