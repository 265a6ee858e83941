"""Where attempts are trained, as their clusters and their processes tell it"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("cluster", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("environment", sa.JSON(), nullable=True))
