"""E-mail addresses, checked by their syntax alone (no DNS)."""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue
from crosswalk.expressions.types.text import normalise_text

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}\Z")
_RESERVED = frozenset({"arpa", "invalid", "local", "localhost", "onion"})
"""Top-level domains that the library refuses by a list of its own: left to it."""
_USUAL = re.compile(
    rf"{_ATOM}+(?:\.{_ATOM}+)*+@(?:[a-z0-9]{{1,63}}+\.)++(?!(?:{'|'.join(sorted(_RESERVED))})\Z)[a-z]{{2,63}}+\Z"
)
"""Plain, and with a domain in lower case and without hyphens: most are so, and it takes a look without a way back."""
_SHARED = frozenset(
    {"abuse", "ftp", "hostmaster", "info", "marketing", "news", "noc", "postmaster"}
    | {"sales", "security", "support", "usenet", "uucp", "webmaster", "www"}
)
"""Mailboxes whose names are the same in capitals (RFC 2142); all others are kept as they were written."""


def normalise_email(value: object) -> str | None:
    """The address with its domain in lower case. Names under `.test` pass, other reserved names do not.

    `Info` and the other mailboxes that RFC 2142 names are in lower case, too.
    """
    text = normalise_text(value)
    if text is None:
        return None
    normal = normalise_plain(text)
    return normalise_any(text) if normal is None else normal


def normalise_plain(text: str) -> str | None:
    """The address if it is so plain that its validity is certain: what the library says, at a fiftieth of its time."""
    if _USUAL.match(text) and len(text) <= 254 and text.index("@") <= 64 and text.islower():
        return text
    if _PLAIN.match(text) is None or len(text) > 254:
        return None
    at = text.index("@")
    mailbox, domain = text[:at], text[at + 1 :].lower()
    if "--" in domain or at > 64 or domain.rpartition(".")[2] in _RESERVED:
        return None
    return f"{mailbox.lower() if mailbox.lower() in _SHARED else mailbox}@{domain}"


@lru_cache(maxsize=4096)
def normalise_any(text: str) -> str:
    """The address as the email-validator library understands it."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        raise WrongValue("an e-mail address such as ada@example.com", text) from None


def same_email(a: FieldValue, b: FieldValue) -> bool:
    """Whether two addresses are the same; Salesforce keeps them in lower case."""
    return isinstance(a, str) and isinstance(b, str) and a.strip().casefold() == b.strip().casefold()
