"""What a look at one thing found."""

from enum import StrEnum

from msgspec import Struct


class Verdict(StrEnum):
    """How bad it is."""

    GOOD = "good"
    WARNING = "warning"
    """The hub works, and something is not as it should be."""
    FAULT = "fault"
    """Something does not work, or will not when it is needed."""


class Finding(Struct, frozen=True):
    """What was found about one thing.

    Parameters
    ----------
    verdict
        How bad it is.
    subject
        What was looked at: `database`, `tenant acme`, `org acme`, `sync customers`.
    message
        What was found, without any secret and without any value of a person.
    fix
        What to do about it; empty where nothing is to be done.
    """

    verdict: Verdict
    subject: str
    message: str
    fix: str = ""


def good(subject: str, message: str) -> Finding:
    """All is well."""
    return Finding(Verdict.GOOD, subject, message)


def warning(subject: str, message: str, fix: str) -> Finding:
    """Something is not as it should be."""
    return Finding(Verdict.WARNING, subject, message, fix)


def fault(subject: str, message: str, fix: str) -> Finding:
    """Something does not work."""
    return Finding(Verdict.FAULT, subject, message, fix)
