"""Measurements as JSON lines in a file, and the medians of their rounds."""
import collections
import json
import statistics


class Results:
    """One record for each round, variant, number of threads and workload; a later record takes an earlier one's place."""

    def __init__(self, path):
        self.path = path
        self.records = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._keep(json.loads(line))

    def _keep(self, record):
        self.records[record["round"], record["label"], record["threads"], record["workload"]] = record

    def add(self, record):
        self._keep(record)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def has(self, number, label, threads, workload):
        """Whether this was measured, or is known to be impossible; what failed is tried again."""
        record = self.records.get((number, label, threads, workload))
        return record is not None and "failed" not in record

    def forget(self, peers):
        """Drops what was measured of `peers`, so that it is measured again."""
        self.records = {key: r for key, r in self.records.items() if r["peer"] not in peers}
        self.path.write_text("".join(json.dumps(r) + "\n" for r in self.records.values()))

    def series(self):
        """{(label, threads, workload): Series} of what was measured."""
        medians = collections.defaultdict(list)
        peers = {}
        for (_, label, threads, workload), record in sorted(self.records.items(), key=lambda item: item[0][0]):
            if "median_us" in record:
                medians[label, threads, workload].append(record["median_us"])
                peers[label] = record["peer"]
        return {key: Series(peers[key[0]], *key, us) for key, us in medians.items()}


class Series:
    """One workload's medians over the rounds."""

    def __init__(self, peer, label, threads, workload, us):
        self.peer, self.label, self.threads, self.workload, self.us = peer, label, threads, workload, us
        self.median = statistics.median(us)

    @property
    def who(self):
        return f"{self.label}, {self.threads} thread{'s' if self.threads > 1 else ''}"


def best(series, workload, peer=None):
    """The fastest series on `workload` over all settings and threads, of `peer` or of every peer but gradlet; or None."""
    rivals = [s for s in series.values()
              if s.workload == workload and (s.peer == peer if peer else s.peer not in ("gradlet", "peak"))]
    return min(rivals, key=lambda s: s.median, default=None)


def fastest_round(series, workload):
    """The lowest median that any peer had in any round: what they reach while the machine gives its all."""
    return min(min(s.us) for s in series.values() if s.workload == workload and s.peer not in ("gradlet", "peak"))


def may_gain(series, variant, threads, workload, short):
    """Whether fewer threads may be faster: only where what others cost, microseconds, is much of the whole."""
    more = [s.median for (label, n, w), s in series.items() if (label, w) == (variant.label, workload) and n > threads]
    return variant.peer == "gradlet" or not more or min(more) < short


def is_contender(series, targets, variant, threads, workload, margin):
    """Whether another round is worth it: within `margin` of the best peer, or of the best of a peer that a target names."""
    mine = series.get((variant.label, threads, workload))
    if variant.peer == "gradlet" or mine is None:
        return variant.peer == "gradlet"
    named = [peer for peer, _ in targets.get(workload, []) if peer == variant.peer]
    rivals = [best(series, workload), *(best(series, workload, peer) for peer in named)]
    return any(mine.median <= margin * rival.median for rival in rivals)
