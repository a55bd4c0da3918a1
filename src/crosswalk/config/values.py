"""The kinds of values that several sections share: secrets, durations, addresses, files and names.

Each is a string in YAML. A wrong one raises a `PydanticCustomError` that says what was expected, and never what was
found: the loader knows whether the found text may be shown.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from crosswalk.config.environment import FromEnvironment

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DAY_MS = 86_400_000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?")


@dataclass(frozen=True)
class Kind:
    """How the configuration reference calls a type."""

    words: str


def refuse(message: str, expected: str) -> NoReturn:
    """Reject a value with words for its writer; neither may hold the value itself."""
    raise PydanticCustomError("wrong_value", "{message}", {"message": message, "expected": expected})


def _folder(info: ValidationInfo) -> Path:
    """The folder that relative paths in the configuration start from."""
    return Path(info.context["folder"]) if info.context else Path()


def _read_secret(value: object, info: ValidationInfo) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        refuse("this is a secret, and secrets are written only as ${ENV} or file:", "${NAME} or file:path")
    if value.startswith("file:"):
        value = _read_secret_file(_folder(info) / value.removeprefix("file:").strip())
    elif not isinstance(value, FromEnvironment) or value.written_default:
        refuse("this secret is written in the file itself; secrets only as ${ENV} or file:", "${NAME} or file:path")
    if not value:
        refuse("this secret is empty", "a variable or a file that holds it")
    return SecretStr(str(value))


def _read_secret_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        refuse(f"the file {path} is not text", "a text file that holds only the secret")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        refuse(f"the file {path} cannot be read: {reason}", "a text file that holds only the secret")


def _read_private_key(secret: SecretStr) -> SecretStr:
    if "-----BEGIN" not in secret.get_secret_value():
        refuse("this is not a private key", "a PEM file (-----BEGIN PRIVATE KEY-----)")
    return secret


def _read_database_url(value: object) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    expected = "postgresql://user:password@host:5432/database, as ${NAME} when it has a password"
    try:
        parts = urlsplit(value) if isinstance(value, str) else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("postgresql", "postgres"):
        refuse("this is not the address of a PostgreSQL database", expected)
    if parts.password and (not isinstance(value, FromEnvironment) or value.written_default):
        refuse("this password is written in the file itself; secrets only as ${ENV}", expected)
    return SecretStr(str(value))


def read_duration(value: object) -> timedelta:
    """Read a duration the way a user writes it; refuses what is none."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        refuse("this is not a duration", "a number with a unit: 150ms, 30s, 5m, 1h or 2d")
    try:
        return timedelta(**{_UNITS[found[2]]: float(found[1])})
    except OverflowError:
        refuse("this duration is too long", "a number with a unit: 150ms, 30s, 5m, 1h or 2d")


def write_duration(value: timedelta) -> str:
    """Write a duration the way a user does, in the largest unit that needs no fraction."""
    milliseconds = round(value / timedelta(milliseconds=1))
    if milliseconds >= 2 * _DAY_MS and milliseconds % _DAY_MS == 0:
        return f"{milliseconds // _DAY_MS}d"
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def _read_https_url(value: str) -> str:
    return _read_url(value, loopback_may_be_plain=False)


def _read_web_url(value: str) -> str:
    return _read_url(value, loopback_may_be_plain=True)


def _read_url(value: str, loopback_may_be_plain: bool) -> str:
    expected = "an address such as https://example.com"
    try:
        parts = urlsplit(value.strip())
        host, _port = parts.hostname, parts.port
    except ValueError:
        refuse("this is not a web address", expected)
    if parts.username or parts.password:
        refuse("this address holds a user name or password", expected)
    if not host or parts.query or parts.fragment:
        refuse("this is not a web address", expected)
    plain_allowed = loopback_may_be_plain and host in _LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and plain_allowed):
        refuse("this address does not start with https://", expected)
    return value.strip().rstrip("/")


def _read_host(value: str) -> str:
    if not _HOST.fullmatch(value):
        refuse("this is not a host name", "a host name without https:// and without a path, such as acme.eu.auth0.com")
    return value.lower()


def _read_existing_file(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        refuse("this is not a file's path", "a path relative to this configuration file")
    path = (_folder(info) / value).absolute()
    try:
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
        refuse(f"the file {path} cannot be read: {reason}", "a path relative to this configuration file")


def _read_folder_path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        refuse("this is not a folder's path", "a path relative to this configuration file")
    return (_folder(info) / value).absolute()


Secret = Annotated[SecretStr, BeforeValidator(_read_secret), Kind("secret")]
"""Written as `${NAME}` or `file:path`, never literally."""

PrivateKey = Annotated[Secret, AfterValidator(_read_private_key)]
"""A secret that is a private key in PEM."""

DatabaseUrl = Annotated[SecretStr, BeforeValidator(_read_database_url), Kind("address, password only as `${NAME}`")]
"""The address of a PostgreSQL database; its password only by `${NAME}`."""

Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration, return_type=str, when_used="json"),
    Kind("duration"),
]
"""A number with a unit: `150ms`, `30s`, `5m`, `1h`, `2d`."""

HttpsUrl = Annotated[str, AfterValidator(_read_https_url), Kind("https address")]
"""An https address, without a slash at its end."""

WebUrl = Annotated[str, AfterValidator(_read_web_url), Kind("web address")]
"""An https address, or plain http on this machine, without a slash at its end."""

Host = Annotated[str, AfterValidator(_read_host), Kind("host name")]
"""A host name, with a port where it is not 443."""

ReadableFile = Annotated[Path, BeforeValidator(_read_existing_file), Kind("path")]
"""A file that exists, relative to the configuration file."""

FolderPath = Annotated[Path, BeforeValidator(_read_folder_path), Kind("path")]
"""A folder, relative to the configuration file; it may not exist yet."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$"), Kind("name")]
"""A name that its writer chose; it becomes part of addresses and file names."""

ApiName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$"), Kind("API name")]
"""Salesforce's API name of an object or field."""

Text = Annotated[str, StringConstraints(min_length=1), Kind("text")]
"""Text that is not empty."""

Expression = Annotated[str, StringConstraints(min_length=1, pattern=r"\S"), Kind("expression")]
"""A JavaScript expression over `user`."""
