"""Writes that happen whole or not at all, and what is told when they have happened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Trail(Protocol):
    """A record of writes from which the latest can be taken back."""

    def mark(self) -> int:
        """Where it ends now."""

    def cut(self, mark: int) -> None:
        """Forget what follows a mark."""


class Transactions:
    """The transactions of one org, of which one at most is under way.

    Parameters
    ----------
    trails
        What a rollback shortens too.
    commit
        Called when the outermost transaction has ended well.
    """

    def __init__(self, trails: tuple[Trail, ...], commit: Callable[[], None]) -> None:
        self._trails = trails
        self._commit = commit
        self._undo: list[Callable[[], None]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether one is under way."""
        return self._undo is not None

    def remember(self, undo: Callable[[], None]) -> None:
        """Have this done should the transaction under way fail."""
        if self._undo is not None:
            self._undo.append(undo)

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """Undo every write inside when the block raises; such blocks nest."""
        outer, marks = self._undo, [trail.mark() for trail in self._trails]
        own: list[Callable[[], None]] = []
        self._undo = own
        try:
            yield
        except BaseException:
            for undo in reversed(own):
                undo()
            for trail, mark in zip(self._trails, marks, strict=True):
                trail.cut(mark)
            raise
        else:
            if outer is not None:
                outer.extend(own)
        finally:
            self._undo = outer
        if outer is None:
            self._commit()


class Transacting(Protocol):
    """What has transactions."""

    transactions: Transactions


Owner = TypeVar("Owner", bound=Transacting)


def transacted(
    method: Callable[Concatenate[Owner, Parameters], Result],
) -> Callable[Concatenate[Owner, Parameters], Result]:
    """A method that is part of the transaction under way, or a transaction by itself."""

    @wraps(method)
    def transacted_method(owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if owner.transactions.is_open:
            return method(owner, *args, **kwargs)
        with owner.transactions.all_or_none():
            return method(owner, *args, **kwargs)

    return transacted_method
