"""The room in which agents spend their day: the list, the conversation, and what can be done there."""
