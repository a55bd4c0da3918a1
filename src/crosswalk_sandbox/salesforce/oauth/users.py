"""The org's users as those who log in: who is active, and who has which password."""

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from crosswalk_sandbox.salesforce.table import Row
from crosswalk_sandbox.salesforce.times import format_stamp

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.org import Org

DEFAULT_PASSWORD = "sandbox-password-1"  # noqa: S105 - documented, and good for nothing but a sandbox
"""The password of every user that was not given another one."""
SECURITY_TOKEN = "SandboxSecurityToken0001"  # noqa: S105 - documented as well
"""What programs may put behind a password, as the vendor wants it from addresses that it does not trust."""


class Users:
    """The users of one org. Passwords are kept as keyed hashes, fast ones: nobody's real password is here.

    Parameters
    ----------
    org
        The org that has the records.
    """

    def __init__(self, org: "Org") -> None:
        self._org = org
        self._key = secrets.token_bytes(32)
        self._default = self._digest(DEFAULT_PASSWORD)
        self._digests: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"Users({len(self._digests)} with a password of their own)"

    def reset(self) -> None:
        """Give everyone the default password again."""
        self._digests.clear()

    def find(self, username: str) -> Row | None:
        """The record of the user with this name in any case, or None."""
        table = self._org.tables["User"]
        found = table.find("Username", username) if username else []
        return table.rows[found[0]] if found else None

    def get(self, user_id: str) -> Row | None:
        """The record of a user, or None."""
        return self._org.tables["User"].rows.get(user_id)

    def is_active(self, user_id: str) -> bool:
        """Whether there is such a user who may log in."""
        row = self.get(user_id)
        return row is not None and bool(row["IsActive"])

    def set_password(self, username: str, password: str) -> None:
        """Give a user a password; ValueError when the org has no such user."""
        row = self.find(username)
        if row is None:
            raise ValueError(f"expected the name of a user of the org, found {username!r}")
        self._digests[row["Id"]] = self._digest(password)

    def log_in(self, username: str, password: str, *, may_append_token: bool = False) -> Row | None:
        """The record of the active user who has this name and password, or None.

        Parameters
        ----------
        username, password
            As they were typed.
        may_append_token
            Whether the security token may stand behind the password, as in logins of programs.
        """
        if may_append_token:
            password = password.removesuffix(SECURITY_TOKEN)
        row = self.find(username)
        expected = self._default if row is None else self._digests.get(row["Id"], self._default)
        is_right = hmac.compare_digest(expected, self._digest(password))
        if row is None or not is_right or not row["IsActive"]:
            return None
        self.note_login(row)
        return row

    def note_login(self, row: Row) -> None:
        """Remember when a user logged in last, as the vendor's `LastLoginDate` does."""
        self._org.set_quietly(self._org.tables["User"], row, {"LastLoginDate": format_stamp(self._org.clock())})

    def _digest(self, password: str) -> bytes:
        return hashlib.blake2b(password.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
