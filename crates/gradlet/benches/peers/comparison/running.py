"""Runs of programs, one at a time under a lock."""
import contextlib
import fcntl
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from . import building
from .variants import GRADLET

# For one process, which measures one family of workloads.
TIMEOUT_S = 1800

# Cores in use by other processes from which on a run counts as disturbed, and how often it is made.
DISTURBED = 0.2
TRIES = 3


@contextlib.contextmanager
def locked(path):
    """Waits for the lock; flock(1) on the same file waits for us."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Programs:
    """What runs each variant; built or installed when first asked for."""

    def __init__(self, options):
        self.options = options
        self.built = {}
        self.commit = ""

    def command(self, variant):
        key = variant.script or (variant.package, variant.features, variant.target_cpu)
        if key not in self.built:
            try:
                with locked(self.options.lock):
                    self.built[key] = self._build(variant)
            except building.Missing as missing:
                self.built[key] = missing
        if isinstance(self.built[key], building.Missing):
            raise self.built[key]
        return [*self.built[key], *variant.flags]

    def _build(self, variant):
        if variant is GRADLET:
            program, self.commit = building.gradlet()
            return [program]
        if variant.package:
            return [building.rust(variant, self.options.build)]
        interpreter = building.python(variant.peer, self.options.venv, not self.options.no_install)
        return [interpreter, building.HERE / "python" / variant.script]


def _busy_s():
    """CPU seconds that all processes have had since the machine started, and those of our own dead children."""
    try:
        fields = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0.0, 0.0
    user, nice, system, _idle, _iowait, irq, softirq, _steal = fields
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    everyone = (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    return everyone, ours.ru_utime + ours.ru_stime


def _run(command, env):
    """(output, last line of errors, exit code, cores that other processes used meanwhile)."""
    start, before = time.monotonic(), _busy_s()
    try:
        done = subprocess.run(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S)
        output, error, code = done.stdout, done.stderr, done.returncode
    except subprocess.TimeoutExpired as late:
        output, error, code = (late.stdout or b"").decode(), f"not done after {TIMEOUT_S} s", -1
    after, elapsed = _busy_s(), time.monotonic() - start
    others = (after[0] - before[0]) - (after[1] - before[1])
    return output, (error.strip().splitlines() or [""])[-1], code, round(max(others, 0) / elapsed, 2)


def measure(command, variant, threads, workloads, lock):
    """Yields (workload, fields) for each line that the program prints, and for what it left out.

    A run that other processes disturbed is made again, TRIES times in all; `others` keeps how many cores they used.
    """
    command = [*map(str, command), "--threads", str(threads), *(f"={w}" for w in workloads)]
    env = building.environment(**variant.env)
    for _ in range(TRIES):
        with locked(lock):
            output, error, code, others = _run(command, env)
        if code or others <= DISTURBED:
            break
        print(f"compare: other processes used {others} cores", file=sys.stderr)
    left = set(workloads)
    for line in output.splitlines():
        record = json.loads(line)
        if record["workload"] in left:
            left.remove(record["workload"])
            fields = {k: v for k, v in record.items() if k not in ("peer", "workload", "threads")}
            yield record["workload"], fields | {"others": others}
    if code:
        print(f"compare: {variant.label}: exit code {code}: {error}", file=sys.stderr)
    for workload in left:
        # gradlet's benchmark grows, so what it lacks is asked for again.
        lacks = "failed" if variant is GRADLET else "skipped"
        yield workload, {"failed": f"exit code {code}"} if code else {lacks: "not in its program"}


class Progress:
    """One line on standard error for each process."""

    def __init__(self):
        self.start = time.monotonic()

    def say(self, text):
        minutes, seconds = divmod(int(time.monotonic() - self.start), 60)
        print(f"compare: {minutes:3}:{seconds:02} {text}", file=sys.stderr, flush=True)
