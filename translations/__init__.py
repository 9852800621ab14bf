"""The languages: repairing, identifying, understanding and speaking them. No database, no clock."""
