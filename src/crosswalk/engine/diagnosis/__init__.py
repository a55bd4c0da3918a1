"""`crosswalk doctor`: everything that has to be right around a hub, looked at for real, each fault with how to fix it.

Reads only: nothing is written at either side, and the database's schema is left as it is. Start with `diagnose`.
"""
