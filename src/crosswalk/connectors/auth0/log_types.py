"""What each type of tenant log event asks for. Pure.

Types and their meaning: "Log Event Type Codes" of Auth0's documentation.
"""

from collections.abc import Mapping

from msgspec import Struct

from crosswalk.domain.event import Disposition


class LogMeaning(Struct, frozen=True):
    """What a type asks for and, where it is nothing, why."""

    disposition: Disposition
    note: str = ""


_CHANGED = LogMeaning(Disposition.CHANGED)
_DELETED = LogMeaning(Disposition.DELETED)
_LOGIN = LogMeaning(Disposition.IGNORED, "logins: no enabled flow uses them")
_PASSWORD = LogMeaning(Disposition.IGNORED, "a password change alters nothing that is mapped")
_PROTECTION = LogMeaning(Disposition.IGNORED, "attack protection: no enabled flow uses it")
_SECOND_FACTOR = LogMeaning(Disposition.IGNORED, "second-factor prompts: no enabled flow uses them")
_READ = LogMeaning(Disposition.IGNORED, "a read changes nothing")

LOG_TYPES: Mapping[str, LogMeaning] = {
    "ss": _CHANGED,
    "sv": _CHANGED,
    "sce": _CHANGED,
    "scu": _CHANGED,
    "scpn": _CHANGED,
    "sui": _CHANGED,
    "gd_enrollment_complete": _CHANGED,
    "gd_unenroll": _CHANGED,
    "du": _DELETED,
    "sdu": _DELETED,
    "s": _LOGIN,
    "ssa": _LOGIN,
    "seacft": _LOGIN,
    "sertft": _LOGIN,
    "slo": _LOGIN,
    "scp": _PASSWORD,
    "scpr": _PASSWORD,
    "limit_wc": _PROTECTION,
    "limit_mu": _PROTECTION,
    "limit_sul": _PROTECTION,
    "pwd_leak": _PROTECTION,
    "signup_pwd_leak": _PROTECTION,
    "gd_send_pn": _SECOND_FACTOR,
    "gd_send_sms": _SECOND_FACTOR,
    "gd_auth_succeed": _SECOND_FACTOR,
    "gd_auth_failed": _SECOND_FACTOR,
    "gd_auth_rejected": _SECOND_FACTOR,
    "mfar": _SECOND_FACTOR,
    "mgmt_api_read": _READ,
}

MANAGEMENT_OPERATION = "sapi"
"""A successful operation of the Management API; its request says what it was about."""


def meaning_of_type(log_type: str) -> LogMeaning:
    """Return what a log type asks for. Types that begin with `f` are failures: nothing has changed."""
    known = LOG_TYPES.get(log_type)
    if known is not None:
        return known
    if log_type.startswith("f"):
        return LogMeaning(Disposition.IGNORED, f"log type '{log_type}' is a failure: nothing changed")
    return LogMeaning(Disposition.IGNORED, f"log type '{log_type}' does not change a profile")
