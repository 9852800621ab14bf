"""The way out: what is claimed, said, fetched and kept, and what each answer of a provider means for it."""
