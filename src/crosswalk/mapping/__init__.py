"""The field maps of a target, ready to use: how results of expressions become checked field values.

May import `domain` and `expressions`. Start with `compiled`.
"""
