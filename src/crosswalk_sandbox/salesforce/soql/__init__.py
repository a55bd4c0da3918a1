"""SOQL, the vendor's query language: text to tokens, tokens to a tree, the tree to rows.

Start with `syntax` (the tree); `parser` builds it, `columns` finds what its paths mean, `conditions` and `aggregates`
decide, and `evaluation` runs it over the org's tables. Imports only the org's schema and tables.
"""

from crosswalk_sandbox.salesforce.soql.conditions import compile_condition
from crosswalk_sandbox.salesforce.soql.evaluation import QueryResult, run_query, select_rows
from crosswalk_sandbox.salesforce.soql.parser import parse_condition, parse_query

__all__ = ["QueryResult", "compile_condition", "parse_condition", "parse_query", "run_query", "select_rows"]
