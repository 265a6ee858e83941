"""Alembic's entry: migrate over the connection that `controller.database.migrate` hands in."""

from alembic import context

from controller.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
