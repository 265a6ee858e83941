"""Which runs are promotions: those that start over begin at epoch 0, as the runs of new trials do"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("is_promotion", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE runs SET is_promotion = true WHERE from_epoch > 0")
