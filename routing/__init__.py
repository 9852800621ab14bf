"""Which queue a new ticket waits in. Pure: facts and the network in, a place out."""
