"""The schema's history, for Alembic. Each version holds plain SQL."""
