"""What users have allowed apps on the approval page, until it is taken back."""


class Approvals:
    """The approvals of one org."""

    def __init__(self) -> None:
        self._scopes: dict[tuple[str, str], frozenset[str]] = {}

    def clear(self) -> None:
        """Forget all of them."""
        self._scopes.clear()

    def give(self, user_id: str, consumer_key: str, scopes: tuple[str, ...]) -> None:
        """Remember that a user has allowed an app these scopes, besides earlier ones."""
        self._scopes[user_id, consumer_key] = self.scopes(user_id, consumer_key) | frozenset(scopes)

    def take_back(self, user_id: str, consumer_key: str) -> None:
        """Forget what a user has allowed an app."""
        self._scopes.pop((user_id, consumer_key), None)

    def scopes(self, user_id: str, consumer_key: str) -> frozenset[str]:
        """What a user has allowed an app."""
        return self._scopes.get((user_id, consumer_key), frozenset())
