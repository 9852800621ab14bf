"""The providers' side, for demos and tests: people, webhooks, stand-in APIs. Imports nothing of ours."""
