"""SOQL, the vendor's query language: text to tokens, tokens to a tree, the tree to rows.

Start with `syntax` (the tree); `parser` builds it, `evaluation` runs it over the org's tables. Imports only the org's
schema and tables.
"""

from crosswalk_sandbox.salesforce.soql.evaluation import QueryResult, run_query
from crosswalk_sandbox.salesforce.soql.parser import parse_query

__all__ = ["QueryResult", "parse_query", "run_query"]
