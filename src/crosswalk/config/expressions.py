"""Checks that every JavaScript expression in a configuration is one."""

from collections import defaultdict

from crosswalk.config.document import Value
from crosswalk.config.findings import Findings
from crosswalk.config.problem import KeyPath
from crosswalk.config.written import written_expressions
from crosswalk.domain.place import Place
from crosswalk.expressions.sandbox import Expression, find_syntax_problems


def check_expressions(tree: Value, findings: Findings) -> None:
    """Compile each expression, and report those that do not compile at the line where they go wrong."""
    paths: dict[tuple[Place, str], list[KeyPath]] = defaultdict(list)
    expressions = []
    for path, text in written_expressions(tree):
        place = findings.value_places[path]
        paths[place, text].append(path)
        expressions.append(Expression(text, place))
    for problem in find_syntax_problems(expressions):
        path = paths[problem.place, problem.expression].pop(0)
        message = f"this expression does not compile: {problem.message} at column {problem.column}"
        findings.add_value(path, message, "a JavaScript expression", lines_below=problem.line - 1)
