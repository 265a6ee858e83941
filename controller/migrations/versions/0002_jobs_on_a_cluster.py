"""What a cluster tells of Jobs: nodes, waits, starts; what they hold and cost; how slow an epoch can be"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # empty or with a default: a controller of the version before goes on writing while this one starts
    op.add_column("experiments", sa.Column("slowest_epoch_seconds", sa.Double(), nullable=True))
    op.add_column("attempts", sa.Column("node", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("waiting", sa.Text(), nullable=False, server_default=""))
    op.add_column("attempts", sa.Column("accelerators", sa.Double(), nullable=False, server_default="0"))
    op.add_column("attempts", sa.Column("price_per_hour", sa.Double(), nullable=True))
    op.add_column("attempts", sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempts", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_attempts_ended_at", "attempts", ["ended_at"], postgresql_where=sa.text("node IS NOT NULL"), unique=False
    )
