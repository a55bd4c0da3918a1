"""What can be wrong with expressions before any of them runs."""

from msgspec import Struct

from crosswalk.domain.errors import CrosswalkError
from crosswalk.domain.place import Place


class SyntaxProblem(Struct, frozen=True):
    """One text that is not an expression.

    Parameters
    ----------
    place
        Where the expression stands.
    expression
        Its text.
    message
        What JavaScript says about it.
    line, column
        Where in the expression, both counted from 1.
    """

    place: Place
    expression: str
    message: str
    line: int
    column: int

    def __str__(self) -> str:
        at = f"column {self.column}" if self.line == 1 else f"line {self.line}, column {self.column}"
        return f"{self.place}: not a JavaScript expression: {self.message} (at {at} of `{self.expression}`)"


class ExpressionSyntaxError(CrosswalkError):
    """One or more expressions of a sync cannot be compiled; `problems` has them all."""

    def __init__(self, problems: tuple[SyntaxProblem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    @property
    def place(self) -> Place:
        """Where the first of them stands."""
        return self.problems[0].place

    @property
    def message(self) -> str:
        """What is wrong with the first of them."""
        return self.problems[0].message

    @property
    def column(self) -> int:
        """Where in the first of them, counted from 1."""
        return self.problems[0].column
