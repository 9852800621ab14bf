"""What an event means for tickets: pure decisions, tested without a database."""
