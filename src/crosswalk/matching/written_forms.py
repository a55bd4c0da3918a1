"""How a match key may be written in Salesforce.

Salesforce keeps values as somebody typed them, and finds only what is written as asked. So a look-up asks for the usual
written forms of a key; the records that it brings are compared by their normal forms. A value in an unusual form is not
found: `docs/mappings.md` says which.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat

from crosswalk.domain.match_rule import MatchPart
from crosswalk.domain.values import ValueType
from crosswalk.matching.folding import fold_email, without_accents, without_spaces

_NO_DIGIT = re.compile(r"\D+")
_UNQUOTED = frozenset(
    {ValueType.BOOLEAN, ValueType.DATE, ValueType.DATETIME, ValueType.INTEGER, ValueType.NUMBER},
)


def is_quoted(type_: ValueType) -> bool:
    """Whether SOQL takes values of this type in quotation marks."""
    return type_ not in _UNQUOTED


def written_forms(value: str, part: MatchPart, region: str | None) -> tuple[str, ...]:
    """The forms to ask for, each once, the likeliest first; those that differ only by letter case are one to SOQL.

    Parameters
    ----------
    value
        The value, normalised by the part's type.
    part
        The part of the rule that it belongs to.
    region
        Two-letter country whose telephone numbers may be written without a country code.
    """
    match part.type:
        case ValueType.PHONE:
            forms = phone_forms(value, region)
        case ValueType.EMAIL:
            forms = _email_forms(value, part)
        case ValueType.TEXT:
            forms = _text_forms(value, part)
        case ValueType.DATETIME:
            forms = (value.removesuffix("+0000") + "Z",)  # SOQL wants a colon in an offset, or Z
        case _:
            forms = (value,)
    return tuple({form.casefold(): form for form in reversed(forms) if form}.values())[::-1]


def _email_forms(value: str, part: MatchPart) -> tuple[str, ...]:
    """The address as it is, folded as far as the rule says, and both with the other spelling of an IDN domain."""
    addresses = [value, fold_email(value, part.normalisation)]
    return tuple(spelled for address in addresses for spelled in (address, _ascii_domain(address)))


def _ascii_domain(address: str) -> str:
    if address.isascii():
        return address
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


def _text_forms(value: str, part: MatchPart) -> tuple[str, ...]:
    forms = [value, unicodedata.normalize("NFC", value)]
    if part.normalisation.accents:
        forms += [without_accents(form) for form in forms]
    if part.normalisation.spaces:
        forms += [changed for form in forms for changed in (" ".join(form.split()), without_spaces(form))]
    return tuple(forms)


@lru_cache(maxsize=4096)
def phone_forms(e164: str, region: str | None) -> tuple[str, ...]:
    """The usual written forms of a number; those without a country code only for the default region's numbers."""
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return (e164,)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code = f"+{number.country_code}"
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    separated = _NO_DIGIT.sub(" ", international.removeprefix(code)).strip()
    forms = [e164, international, e164[1:], f"{code} {separated}", f"{code}-{separated.replace(' ', '-')}"]
    forms.append(f"{code} {_as_inside_the_country(national, separated)}")
    if region is not None and region in phonenumbers.region_codes_for_country_code(number.country_code or 0):
        digits = " ".join(_NO_DIGIT.split(national)).strip()
        forms += [national, without_spaces(digits), digits.replace(" ", "-"), digits.replace(" ", "."), digits]
        if code == "+1":
            forms.append(f"1-{digits.replace(' ', '-')}")
    return tuple(dict.fromkeys(forms))


def _as_inside_the_country(national: str, separated: str) -> str:
    """`(212) 555-0100` to stand after +1; `(0)20 7946 0958` after +44, where the zero is dialled inside alone."""
    dialled_inside = national.lstrip("(").startswith("0") and not separated.startswith("0")
    return f"(0){separated}" if dialled_inside else national
