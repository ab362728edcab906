"""Runs of programs, one at a time under a lock."""
import contextlib
import dataclasses
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
from .workloads import EXTRA, groups

# For one process.
TIMEOUT_S = 1800

# Cores in use by other processes from which on a run counts as disturbed, and how often it is made.
DISTURBED = 0.2
TRIES = 3

# Of a machine whose second processor comes and goes: two threads' rate of multiply-adds as a multiple of one thread's
# that makes a run count, how often a run is made, and the seconds between two looks and of all waiting for one run.
CLEAN = 1.9
CLEAN_TRIES = 5
PAUSE_S = 5
PATIENCE_S = 120


def turns(options, variants, listed):
    """(round, variant, threads, workloads) in the order in which they are measured: the programs of a row take turns."""
    for number in range(1, max(options.rounds, options.matmul_rounds) + 1):
        for names in groups(listed, options.order):
            for variant in variants:
                for threads in options.threads:
                    yield number, variant, threads, [w for w in names if variant is not GRADLET or w not in EXTRA]


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
        interpreter = building.python(variant.peer, self.options.venvs, not self.options.no_install)
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


@dataclasses.dataclass(frozen=True)
class Care:
    """What makes a run count."""

    clean: float = CLEAN
    tries: int = CLEAN_TRIES
    pause_s: float = PAUSE_S
    patience_s: float = PATIENCE_S


def careful(start, threads, meter, care, lock):
    """(what `start` gives, or None without a clean run; fields about the machine).

    `start` is called again if other processes disturbed it, TRIES times in all, and its result is dropped if the threads
    did not reach together what they should just before and after it, `care.tries` times in all. It is not called before
    they do.
    """
    dropped, disturbed, waited = 0, 0, 0
    while dropped < care.tries and waited <= care.patience_s:
        with locked(lock):
            before = meter.latest(threads)
            result = start() if before.is_clean(care.clean) else None
            after = meter.read(threads) if result and threads > 1 else before
        if result is None:
            waited += care.pause_s
        elif after.is_clean(care.clean):
            disturbed += 1
            _, _, code, others = result
            if code or others <= DISTURBED or disturbed == TRIES:
                mean = lambda a, b: round((a + b) / 2, 1)
                rates = {"one_gflops": mean(before.one, after.one), "all_gflops": mean(before.all, after.all)}
                return result, {"dropped": dropped, "others": others, **rates}
            print(f"compare: other processes used {others} cores; again", file=sys.stderr)
            continue
        else:
            dropped += 1
            print(f"compare: dropped, {threads} threads reached {before.all / before.one:.2f} and "
                  f"{after.all / after.one:.2f} times one thread's rate", file=sys.stderr)
        time.sleep(care.pause_s)
    return None, {"dropped": dropped}


def measure(command, variant, threads, workloads, lock, meter, care=Care()):
    """Yields (workload, fields) for each line that the program prints, and for what it left out or had no clean run."""
    command = [*map(str, command), "--threads", str(threads), *(f"={w}" for w in workloads)]
    env = building.environment(**variant.env)
    result, fields = careful(lambda: _run(command, env), threads, meter, care, lock)
    if result is None:
        print(f"compare: {variant.label}: no clean run", file=sys.stderr)
        for i, workload in enumerate(workloads):
            yield workload, {"unclean": True, "dropped": 0 if i else fields["dropped"]}
        return
    output, error, code, _ = result
    left = set(workloads)
    for line in output.splitlines():
        record = json.loads(line)
        if record["workload"] in left:
            left.remove(record["workload"])
            own = {k: v for k, v in record.items() if k not in ("peer", "workload", "threads")}
            yield record["workload"], own | fields
            # A run that measured several workloads is counted once.
            fields["dropped"] = 0
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
