"""What became of checkpoints: by trial, and of experiments that were deleted"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STORED = sa.Enum("kept", "stays", "removed", "gone", name="stored", native_enum=False, length=40)


def upgrade() -> None:
    # with a default: a controller of the version before goes on writing while this one starts
    op.add_column("trials", sa.Column("checkpoints", STORED, nullable=False, server_default="kept"))
    op.create_index(
        "ix_trials_checkpoints",
        "trials",
        ["id"],
        unique=False,
        postgresql_where=sa.text("checkpoints IN ('kept', 'removed')"),
    )
    op.create_table(
        "deleted_experiments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("checkpoints", STORED, nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deleted_experiments"),
    )
