"""PostgreSQL: the database itself, its migrations, and one module per family of tables.

May import `crosswalk.domain` only. Each module keeps its SQL in named constants beside the functions that use them;
functions take an open connection, so that their callers decide what shares a transaction. Start with `database`.
"""
