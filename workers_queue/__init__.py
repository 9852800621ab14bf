"""The story of the system: what happens to a receipt after the provider has been answered."""
