"""`python -m gateway`: the same as the command `worker-voice`."""

from gateway.cli import main

main()
