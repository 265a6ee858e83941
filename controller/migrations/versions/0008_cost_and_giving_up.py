"""What an epoch of a run costs, which runs the optimizer gave up, and which attempts cost anything"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("epoch_cost", sa.Double(), nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("is_given_up", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(
        "ix_attempts_charged",
        "attempts",
        ["run_id"],
        postgresql_where=sa.text("accelerators > 0 OR price_per_hour IS NOT NULL"),
    )
