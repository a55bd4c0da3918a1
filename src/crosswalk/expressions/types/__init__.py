"""The types a mapped field can have: one function each that checks and normalises, and one that compares.

Start with `registry`. Normalising gives the form that is written to Salesforce; it is idempotent, and an empty text is
an empty field (`None`). Comparing knows what Salesforce gives back for it: other case, another phone format, other
order.
"""
