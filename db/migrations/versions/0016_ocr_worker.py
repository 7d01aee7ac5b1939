"""The lane and the part that read scans."""

from alembic import op

revision = "0016"
down_revision = "0015"

PARTS = "ALTER TABLE processes DROP CONSTRAINT processes_part_check, ADD CHECK (part IN ({}))"
PARTS_BEFORE = "'api', 'relay', 'worker', 'beat', 'io'"
# Not validated, which would read every job that is kept: those that are there have one of the lanes before.
LANES = """
    ALTER TABLE jobs DROP CONSTRAINT jobs_lane_check,
        ADD CONSTRAINT jobs_lane_check CHECK (lane IN ({})) NOT VALID
"""
LANES_BEFORE = "'urgent', 'default', 'io'"


def upgrade() -> None:
    op.execute(PARTS.format(f"{PARTS_BEFORE}, 'ocr'"))
    op.execute(LANES.format(f"{LANES_BEFORE}, 'ocr'"))


def downgrade() -> None:
    for table in ("jobs", "outbox"):
        op.execute(f"UPDATE {table} SET lane = 'default' WHERE lane = 'ocr'")  # noqa: S608
    op.execute("DELETE FROM canaries WHERE lane = 'ocr'")
    op.execute("DELETE FROM processes WHERE part = 'ocr'")
    op.execute(PARTS.format(PARTS_BEFORE))
    op.execute(LANES.format(LANES_BEFORE))
