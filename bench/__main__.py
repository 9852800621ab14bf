"""`python -m bench`: one table of floor, us and ratio, on this machine. It changes nothing and keeps nothing."""

import argparse
import signal
import sys
from datetime import UTC, datetime
from types import FrameType

from bench.deliver import deliver_rows
from bench.door import door_rows
from bench.inbox import inbox_rows
from bench.intake import intake_rows
from bench.profile import profile_door, profile_take_in
from bench.scale import FULL, QUICK, Scale
from bench.system import TooSlow, provider_server, started
from bench.table import Row, machine, markdown, text

_PROFILES = {"door": profile_door, "take-in": profile_take_in}


def main() -> int:
    """Exit code 0, whatever the numbers are; other codes where something did not work."""
    given = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    scale = QUICK if given.quick else FULL
    if given.profile:
        with started() as system:
            _PROFILES[given.profile](system, scale)
        return 0
    about = machine()
    try:
        rows = _measured(scale)
    except TooSlow as error:
        sys.exit(str(error))
    if given.markdown:
        print(f"{datetime.now(UTC):%Y-%m-%d}: {about}\n\n{markdown(rows)}")
    else:
        print(f"{about}\n\n{text(rows)}")
    return 0


def _measured(scale: Scale) -> list[Row]:
    rows: list[Row] = []
    for measure in (door_rows, intake_rows, inbox_rows):  # each in an empty store of its own
        with started() as system:
            rows += measure(system, scale)
    with provider_server() as provider, started(provider.port) as system:
        rows += deliver_rows(system, scale)
    return rows


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything once and briefly: does it work at all?")
    parser.add_argument("--markdown", action="store_true", help="print the table of docs/performance.md")
    parser.add_argument("--profile", choices=_PROFILES, help="print where the time goes instead")
    return parser.parse_args()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(f"stopped by signal {number}")


if __name__ == "__main__":
    sys.exit(main())
