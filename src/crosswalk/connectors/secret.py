"""A credential that cannot be printed by accident."""


class Secret:
    """Wraps a secret text; `repr`, `str` and formatting show `***`, and only `reveal` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the secret itself, to be handed to the vendor and nowhere else."""
        return self._text

    def mask(self, text: str) -> str:
        """Return `text` with every occurrence of the secret replaced, for messages that a vendor wrote."""
        return text.replace(self._text, "***") if self._text else text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
