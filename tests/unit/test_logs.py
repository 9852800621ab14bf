"""A log that cannot be written costs its lines, and nothing else."""

import os
import subprocess
import sys

import pytest

from tests.processes import ROOT

LOGS = """
import structlog
from runtime.logs import set_up
set_up("test")
for _ in range(2000):  # more than any buffer holds
    structlog.get_logger().error("something.happened", receipts=3)
print("went on")
"""


def reader_gone():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def disk_full():
    return os.open("/dev/full", os.O_WRONLY)


@pytest.mark.parametrize("out", [reader_gone, disk_full])
def test_the_work_goes_on(out):
    with os.fdopen(out(), "w") as stderr:
        said = subprocess.run(
            [sys.executable, "-c", LOGS], stdout=subprocess.PIPE, stderr=stderr, cwd=ROOT, text=True, check=False
        )
    assert said.stdout == "went on\n"
