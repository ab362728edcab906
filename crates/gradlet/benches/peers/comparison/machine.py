"""Where, when and what was measured, as Markdown."""
import os
import platform
import statistics
import subprocess
from pathlib import Path

from .results import NO_PEERS
from .running import DISTURBED


def cpu_field(name):
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def rates(records):
    """Of each round, the multiply-adds in registers: the median of all readings and their range."""
    lines = []
    for number in sorted({r["round"] for r in records}):
        here = [r for r in records if r["round"] == number and "one_gflops" in r]
        of = {1: [r["one_gflops"] for r in here]}
        for n in sorted({r["threads"] for r in here} - {1}):
            of[n] = [r["all_gflops"] for r in here if r["threads"] == n]
        parts = [f"{n} thread{'s' if n > 1 else ''} {statistics.median(all):,.0f} ({min(all):,.0f}–{max(all):,.0f})"
                 for n, all in of.items() if all]
        if parts:
            lines.append(f"- round {number}: fused multiply-adds in registers alone, GFLOP/s: {', '.join(parts)}")
    return lines


def dropped(records, clean):
    """What happened to runs while a processor was missing."""
    runs = sum(r.get("dropped", 0) for r in records)
    unclean = sum("unclean" in r for r in records)
    threads = max(r["threads"] for r in records)
    needed = f"{threads} threads did not reach {clean / 2 * threads:g} times one thread's rate"
    lines = [f"- {runs} runs were dropped because {needed.replace('2 threads', 'two threads')}"]
    if unclean:
        lines.append(f"- {unclean} measurements had no clean run in all tries: `not clean` in the tables")
    return lines


def describe(records, clean):
    records = list(records)
    vectors = [f for f in ("avx2", "avx512f") if f in cpu_field("flags").split()]
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    versions = {}
    for r in records:
        if r["peer"] not in NO_PEERS and "median_us" in r:
            versions[r["label"].split(" +")[0]] = r["version"]
    commits = sorted({r["commit"] for r in records if r["peer"] == "gradlet"})
    days = sorted({r["day"] for r in records})
    timed = [r for r in records if "median_us" in r]
    disturbed = [r for r in timed if r.get("others", 0) > DISTURBED]
    return "\n".join([
        f"- {cpu_field('model name') or platform.processor()}, {os.cpu_count()} cores, {' '.join(vectors)}; "
        f"{platform.system()}, {rustc}",
        f"- measured {' to '.join(dict.fromkeys([days[0], days[-1]]))}; gradlet at {', '.join(commits) or 'no commit'}",
        "- " + ", ".join(f"{name} {version}" for name, version in versions.items()),
        f"- {len(timed)} measurements, {len(disturbed)} of them while other processes used more than {DISTURBED} cores",
        *dropped(records, clean),
        *rates(records),
    ]) + "\n"
