"""One process and what it took."""
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass


@dataclass
class Measured:
    """Exit status, outputs, seconds, and the process's own peak memory in MB."""
    status: int
    out: str
    err: str
    wall_s: float
    user_s: float
    sys_s: float
    peak_mb: float


def measured(command, environment):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    return Measured(os.waitstatus_to_exitcode(status), *texts, wall, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024)
