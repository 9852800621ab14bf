"""What a running process holds: settings, open connections, keys, embedded servers, logs."""
