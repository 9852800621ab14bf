"""What each provider sends us, as pure builders of signed webhooks."""
