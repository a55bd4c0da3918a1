"""Text, picklists and web addresses."""

import re
from urllib.parse import urlsplit

from crosswalk.domain.values import FieldValue
from crosswalk.expressions.types.problem import WrongValue

_PLAIN_URL = re.compile(r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][!-~]*)?\Z")


def normalise_text(value: object) -> str | None:
    """Trimmed, as Salesforce does it. A number is not silently turned into text: its form would be a guess."""
    if not isinstance(value, str):
        raise WrongValue("text", value)
    if "\0" in value:
        raise WrongValue("text without U+0000", value)
    return value.strip() or None


def normalise_url(value: object) -> str | None:
    """A web address with or without its scheme, as Salesforce's URL fields take it; scheme and host in lower case."""
    text = normalise_text(value)
    if text is None:
        return None
    if _PLAIN_URL.match(text):
        return text
    if any(character.isspace() for character in text):
        raise WrongValue("a web address without spaces", value)
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or ("." not in host and host != "localhost" and ":" not in host):
        raise WrongValue("a web address such as https://example.com/page", value)
    return parts._replace(scheme=parts.scheme.lower(), netloc=_lower_host(parts.netloc)).geturl().removeprefix("//")


def _lower_host(netloc: str) -> str:
    account, at, host = netloc.rpartition("@")
    return account + at + host.lower()


def normalise_multipicklist(value: object) -> str | None:
    """A list, or `A;B`: each value once, in the order given, joined by `;` as Salesforce stores it."""
    if isinstance(value, list):
        joined = ";".join(value)
        if joined.count(";") >= max(len(value), 1):
            raise WrongValue("picklist values without `;`", value)
        value = joined
    text = normalise_text(value)
    if text is None:
        return None
    return ";".join(filter(None, dict.fromkeys(map(str.strip, text.split(";"))))) or None


def same_choices(a: FieldValue, b: FieldValue) -> bool:
    """Whether two multi-select values choose the same, in whatever order."""
    return isinstance(a, str) and isinstance(b, str) and _choices(a) == _choices(b)


def _choices(value: str) -> set[str]:
    return {item.strip() for item in value.split(";") if item.strip()}


def same_text(a: FieldValue, b: FieldValue) -> bool:
    """Whether two texts are equal but for the blanks around them."""
    return isinstance(a, str) and isinstance(b, str) and a.strip() == b.strip()
