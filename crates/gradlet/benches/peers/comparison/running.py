"""Runs of programs, one at a time under a lock."""
import contextlib
import fcntl
import json
import subprocess
import sys
import time

from . import building
from .variants import GRADLET

# For one process, which measures one family of workloads.
TIMEOUT_S = 1800


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


def measure(command, variant, threads, workloads, lock):
    """Yields (workload, fields) for each line that the program prints, and for what it left out."""
    # gradlet's benchmark takes prefixes alone; what it measures beyond `workloads` is dropped.
    names = workloads if variant is GRADLET else [f"={w}" for w in workloads]
    command = [*map(str, command), "--threads", str(threads), *names]
    with locked(lock):
        try:
            done = subprocess.run(
                command, env=building.environment(**variant.env), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, timeout=TIMEOUT_S)
            output, error, code = done.stdout, done.stderr, done.returncode
        except subprocess.TimeoutExpired as late:
            output, error, code = (late.stdout or b"").decode(), f"not done after {TIMEOUT_S} s", -1
    left = set(workloads)
    for line in output.splitlines():
        record = json.loads(line)
        if record["workload"] in left:
            left.remove(record["workload"])
            yield record["workload"], {k: v for k, v in record.items() if k not in ("peer", "workload", "threads")}
    last = error.strip().splitlines()[-1:]
    if code:
        print(f"compare: {variant.label}: exit code {code}: {' '.join(last)}", file=sys.stderr)
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
