"""The door and the switch: webhooks in, commands for operators."""
