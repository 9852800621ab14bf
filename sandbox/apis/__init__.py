"""Stand-ins for the providers' APIs, one module each."""
