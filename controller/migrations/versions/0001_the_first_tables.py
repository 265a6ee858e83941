"""The first tables"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("running", "paused", "stopped", "completed", name="experimentstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("spec", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_experiments_idempotency_key")),
    )
    op.create_index(op.f("ix_experiments_created_at_id"), "experiments", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_experiments_name"), "experiments", ["name"], unique=False)
    op.create_table(
        "trials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running", "paused", "completed", "stopped", "failed", name="trialstate", native_enum=False, length=40
            ),
            nullable=False,
        ),
        sa.Column("is_baseline", sa.Boolean(), nullable=False),
        sa.Column("configuration", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("reached_epoch", sa.Integer(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_trials_experiment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
        sa.UniqueConstraint("experiment_id", "number", name=op.f("uq_trials_experiment_id_number")),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("experiment_id", sa.Text(), nullable=False),
        sa.Column("trial_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("from_epoch", sa.Integer(), nullable=False),
        sa.Column("to_epoch", sa.Integer(), nullable=False),
        sa.Column("reached_epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum("running", "ended", name="runstate", native_enum=False, length=40), nullable=False),
        sa.Column(
            "end_reason",
            sa.Enum(
                "succeeded",
                "stopped",
                "infeasible",
                "out of accelerator memory",
                "out of memory",
                "preempted",
                "image or scheduling",
                "bug",
                "bad node",
                name="endreason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("reasons", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("is_stop_requested", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (end_reason IS NOT NULL)", name=op.f("ck_runs_ended_for_a_reason")),
        sa.CheckConstraint("from_epoch < to_epoch", name=op.f("ck_runs_climbs")),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_runs_experiment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name=op.f("fk_runs_trial_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("experiment_id", "number", name=op.f("uq_runs_experiment_id_number")),
    )
    op.create_index(op.f("ix_runs_trial_id"), "runs", ["trial_id"], unique=False)
    op.create_index(
        "uq_runs_one_alive_per_trial", "runs", ["trial_id"], unique=True, postgresql_where=sa.text("state = 'running'")
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("pending", "running", "reported", "ended", name="attemptstate", native_enum=False, length=40),
            nullable=False,
        ),
        sa.Column(
            "end_reason",
            sa.Enum(
                "succeeded",
                "stopped",
                "infeasible",
                "out of accelerator memory",
                "out of memory",
                "preempted",
                "image or scheduling",
                "bug",
                "bad node",
                name="endreason",
                native_enum=False,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("log_tail", sa.Text(), nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=True),
        sa.Column("has_progressed", sa.Boolean(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_attempts_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("job", name=op.f("uq_attempts_job")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_attempts_run_id_number")),
    )
    op.create_index(
        "ix_attempts_alive", "attempts", ["state"], unique=False, postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_index(
        "uq_attempts_one_alive_per_run",
        "attempts",
        ["run_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'ended'"),
    )
    op.create_table(
        "measurements",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("trial_id", sa.BigInteger(), nullable=False),
        sa.Column("metrics", postgresql.JSON(astext_type=sa.Text()), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("samples_per_second", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempts.id"], name=op.f("fk_measurements_attempt_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name=op.f("fk_measurements_trial_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("attempt_id", "epoch", name=op.f("pk_measurements")),
    )
    op.create_index(op.f("ix_measurements_trial_id_epoch"), "measurements", ["trial_id", "epoch"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_measurements_trial_id_epoch"), table_name="measurements")
    op.drop_table("measurements")
    op.drop_index("uq_attempts_one_alive_per_run", table_name="attempts", postgresql_where=sa.text("state <> 'ended'"))
    op.drop_index("ix_attempts_alive", table_name="attempts", postgresql_where=sa.text("state <> 'ended'"))
    op.drop_table("attempts")
    op.drop_index("uq_runs_one_alive_per_trial", table_name="runs", postgresql_where=sa.text("state = 'running'"))
    op.drop_index(op.f("ix_runs_trial_id"), table_name="runs")
    op.drop_table("runs")
    op.drop_table("trials")
    op.drop_index(op.f("ix_experiments_name"), table_name="experiments")
    op.drop_index(op.f("ix_experiments_created_at_id"), table_name="experiments")
    op.drop_table("experiments")
