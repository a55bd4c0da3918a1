"""Alembic's entry: run the migrations on the connection that `crosswalk.store.migrate` hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="crosswalk_migrations")
with context.begin_transaction():
    context.run_migrations()
