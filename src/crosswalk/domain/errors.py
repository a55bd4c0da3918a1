"""The base of every error Crosswalk raises on purpose."""


class CrosswalkError(Exception):
    """Something expected did not hold; the message says what, where and what to do next. Never carries a secret."""
