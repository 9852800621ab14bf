"""The case store: every ticket is told to the stores that follow it up."""
