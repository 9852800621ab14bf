"""Alembic's scripts: one file a step, each with its way back. Run by `worker-voice migrate` as the owner."""
