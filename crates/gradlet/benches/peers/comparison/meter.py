"""The rate of fused multiply-adds at this moment, of one thread and of several: are all processors there?"""
import dataclasses
import json
import subprocess
import time

# A reading that is older says nothing about a program that starts now.
FRESH_S = 1.0


@dataclasses.dataclass(frozen=True)
class Reading:
    """Billions of floating-point operations a second: one thread's, and those of all threads together."""

    threads: int
    one: float
    all: float

    def is_clean(self, clean):
        """Whether the threads together reach `clean` / 2 times as much each as one thread alone."""
        return self.all >= clean / 2 * self.threads * self.one


class Meter:
    """Runs peer-fma, and keeps the last reading for whoever asks within a second."""

    def __init__(self, program):
        self.program = program
        self.last, self.at = None, 0.0

    def read(self, threads):
        command = [self.program, "--threads", str(threads)]
        line = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        self.last, self.at = Reading(threads, line["one_gflops"], line["all_gflops"]), time.monotonic()
        return self.last

    def latest(self, threads):
        """The last reading of that many threads if it is fresh, else a new one."""
        is_fresh = self.last and self.last.threads == threads and time.monotonic() - self.at < FRESH_S
        return self.last if is_fresh else self.read(threads)
