"""Who is who: which users and records of a seed are one person, so that a matching can be judged."""

from collections.abc import Iterator
from typing import Any, NamedTuple


class Same(NamedTuple):
    """What belongs to one person, or expressly to nobody else.

    Parameters
    ----------
    users
        Ids of the tenant's users.
    records
        Ids of the org's records; their first three characters tell the object.
    case
        Name of the awkward case that it is an example of, if it is one.
    """

    users: tuple[str, ...]
    records: tuple[str, ...]
    case: str | None = None


class Truth:
    """What the seeds of a sandbox know, by tenant and org.

    People with one user or one record and nothing else are left out, unless they are an example of an awkward case:
    whoever is not mentioned is nobody else.
    """

    def __init__(self) -> None:
        self._known: list[tuple[str, str, Same]] = []

    def __len__(self) -> int:
        return len(self._known)

    def add(self, tenant: str, org: str, same: Same) -> None:
        """Keep what a seed knows about one person of a tenant and an org, by their names."""
        if same.case is not None or len(same.users) + len(same.records) > 1:
            self._known.append((tenant, org, same))

    def forget(self, *, tenant: str | None = None, org: str | None = None) -> None:
        """Forget a tenant's or an org's people, or all of them when none is named."""
        if tenant is None and org is None:
            self._known.clear()
        self._known = [each for each in self._known if each[0] != tenant and each[1] != org]

    def documents(self) -> Iterator[dict[str, Any]]:
        """One JSON object a person, in the order of their seed."""
        for tenant, org, same in self._known:
            known = {"tenant": tenant, "org": org, "users": same.users, "records": same.records}
            yield known if same.case is None else {"case": same.case, **known}
