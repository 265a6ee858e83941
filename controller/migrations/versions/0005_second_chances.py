"""Since when a Job is refused, what its Pod was promised, and when its experiment was resumed"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("experiments", sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempts", sa.Column("refused_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("attempts", sa.Column("silence_seconds", sa.Integer(), nullable=True))
    op.add_column("attempts", sa.Column("out_of_memory_factor", sa.Double(), nullable=True))
