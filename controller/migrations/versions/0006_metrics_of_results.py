"""What else a run reported, how long it took, whether a trial keeps to its thresholds, and what is expected next"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiments", sa.Column("expected_gain", sa.Double(), nullable=True))
    op.add_column("runs", sa.Column("metrics", sa.JSON(), nullable=True))
    op.add_column("runs", sa.Column("seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("trials", sa.Column("metrics", sa.JSON(), nullable=True))
    op.add_column("trials", sa.Column("meets_thresholds", sa.Boolean(), nullable=False, server_default=sa.true()))
