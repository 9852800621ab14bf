"""One folder for each channel: how its provider calls us, and what it says. No database, no clock."""
