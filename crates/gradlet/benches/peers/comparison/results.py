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
        """Keeps a record; dropped runs of an earlier attempt still count."""
        earlier = self.records.get((record["round"], record["label"], record["threads"], record["workload"]), {})
        if "unclean" in earlier:
            record = record | {"dropped": record.get("dropped", 0) + earlier["dropped"]}
        self._keep(record)
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def has(self, number, label, threads, workload):
        """Whether this was measured, or is known to be impossible; what failed or had no clean run is tried again."""
        record = self.records.get((number, label, threads, workload))
        return record is not None and "failed" not in record and "unclean" not in record

    def forget(self, peers):
        """Drops what was measured of `peers`, so that it is measured again."""
        self.records = {key: r for key, r in self.records.items() if r["peer"] not in peers}
        self.path.write_text("".join(json.dumps(r) + "\n" for r in self.records.values()))

    def series(self):
        """{(label, threads, workload): Series} of what was measured."""
        kept = collections.defaultdict(list)
        for (_, label, threads, workload), record in sorted(self.records.items(), key=lambda item: item[0][0]):
            if "median_us" in record:
                kept[label, threads, workload].append(record)
        return {key: Series(records[0]["peer"], *key, records) for key, records in kept.items()}

    def unclean(self):
        """The keys of `series` that had no clean run in any round."""
        keys = {key[1:] for key, record in self.records.items() if "unclean" in record}
        return keys - self.series().keys()


class Series:
    """One workload's medians over the rounds."""

    def __init__(self, peer, label, threads, workload, records):
        self.peer, self.label, self.threads, self.workload = peer, label, threads, workload
        self.us = [r["median_us"] for r in records]
        self.median = statistics.median(self.us)
        # What so many threads reached at the time, in billions of operations a second.
        self.gflops = [r["all_gflops"] for r in records if "all_gflops" in r]

    @property
    def who(self):
        return f"{self.label}, {self.threads} thread{'s' if self.threads > 1 else ''}"

    def fma_us(self, multiply_adds):
        """The time that so many multiply-adds would have taken in registers, with as many threads; or None."""
        return 2 * multiply_adds / statistics.median(self.gflops) / 1e3 if multiply_adds and self.gflops else None


# Measured beside the peers.
NO_PEERS = ("gradlet", "floor")


def best(series, workload, peer=None):
    """The fastest series on `workload` over all settings and threads, of `peer` or of every peer; or None."""
    rivals = [s for s in series.values()
              if s.workload == workload and (s.peer == peer if peer else s.peer not in NO_PEERS)]
    return min(rivals, key=lambda s: s.median, default=None)


def may_gain(series, variant, threads, workload, short):
    """Whether fewer threads may be faster: only where what others cost, microseconds, is much of the whole."""
    more = [s.median for (label, n, w), s in series.items() if (label, w) == (variant.label, workload) and n > threads]
    return variant.peer in NO_PEERS or not more or min(more) < short


def is_contender(series, targets, variant, threads, workload, margin):
    """Whether another round is worth it: within `margin` of the best peer, or of the best of a peer that a target names."""
    mine = series.get((variant.label, threads, workload))
    if variant.peer in NO_PEERS or mine is None:
        return variant.peer in NO_PEERS
    named = [peer for peer, _ in targets.get(workload, []) if peer == variant.peer]
    rivals = [best(series, workload), *(best(series, workload, peer) for peer in named)]
    return any(mine.median <= margin * rival.median for rival in rivals)
