"""Checks that every JavaScript expression in a configuration is one."""

from crosswalk.config.document import Value
from crosswalk.config.findings import Findings
from crosswalk.config.written import written_expressions
from crosswalk.expressions.syntax import check_syntax


def check_expressions(tree: Value, findings: Findings) -> None:
    """Compile each expression, and report those that do not compile at the line where they go wrong."""
    for path, source in written_expressions(tree):
        problem = check_syntax(source)
        if problem is not None:
            message = f"this expression does not compile: {problem.message}"
            findings.add_value(path, message, "a JavaScript expression", lines_below=(problem.line or 1) - 1)
