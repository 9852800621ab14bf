"""How fast the system is on this machine, against floors measured in the same minute."""
