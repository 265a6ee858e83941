"""Runs that are trained by whoever asks for them"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "leases",
        sa.Column("job", sa.Text(), sa.ForeignKey("attempts.job", ondelete="CASCADE"), primary_key=True),
        sa.Column("offered_at", moment, nullable=False),
        sa.Column("taken_at", moment, nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("last_words", sa.Text(), nullable=False),
    )
    op.create_index("ix_leases_offered", "leases", ["offered_at"], postgresql_where=sa.text("taken_at IS NULL"))
