"""Finding the record of an identity: keys to look for, candidates that were found, and the decision.

May import `domain` and `expressions`. Start with `resolution`.
"""
