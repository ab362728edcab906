"""The Markdown tables."""
from .results import NO_PEERS, best
from .workloads import EXTRA, MACHINE, TARGETS, WORKLOADS, multiply_adds

# In a figure's place, where no run was made with all processors there.
NOT_CLEAN = "not clean"


def number(us):
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}" if us >= 10 else f"{us:.2f}"


def spread(series):
    """`median (lowest–highest)` over the rounds."""
    if len(series.us) == 1:
        return number(series.median)
    return f"{number(series.median)} ({number(min(series.us))}–{number(max(series.us))})"


def table(head, rows, right=()):
    """`right` numbers the columns that are aligned to the right."""
    rule = ["--:" if i in right else "---" for i in range(len(head))]
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, rule, *rows]) + "\n"


# How a target names the limits of the machine.
NAMES = {"floor": "floor", "copy": "copy", "fma": "limit"}


def reference(series, workload, name, mine):
    """The microseconds that a target multiplies, or None if they were not measured."""
    if name == "us":
        return 1
    if name == "fma":
        return mine and mine.fma_us(multiply_adds(workload))
    peer = {"best": None, "copy": "floor"}.get(name, name)
    found = best(series, workload, peer)
    return found and found.median


def wording(name, limit):
    if name == "us":
        return f"{limit} µs"
    if name in NAMES:
        return f"{limit:.3g} × {NAMES[name]}"
    return f"{limit:.3g} of {name}" if limit != 1 else f"no slower than {name}"


def judge(series, workload, mine):
    """(targets beside peers, targets beside the machine, verdict) as text; the verdict is `yes` or by how much each target
    is missed."""
    asked, missed, unknown = {True: [], False: []}, [], []
    for name, limit in TARGETS.get(workload, []):
        asked[name in NAMES].append(wording(name, limit))
        base = reference(series, workload, name, mine)
        if base is None:
            unknown.append(f"? ({NAMES.get(name, name)} was not measured)")
        elif mine.median > limit * base:
            # Microseconds as a multiple of the target, since there is nothing else to compare them with.
            reached = mine.median / (limit if name == "us" else base)
            missed.append(f"no: {reached:.3g}" if name == "us" else "no: " + wording(name, reached))
    verdict = "; ".join(missed + unknown) or ("yes" if workload in TARGETS else "")
    return "; ".join(asked[False]), "; ".join(asked[True]), verdict


def ratio(mine, base):
    return f"{mine.median / base:.2g}" if mine and base else ""


def summary(series, unclean=frozenset(), threads=2):
    """gradlet at `threads` against the best peer over all settings and threads, and against the machine."""
    rows, met, judged = [], 0, 0
    for workload in WORKLOADS:
        key = ("gradlet", threads, workload)
        mine, rival = series.get(key), best(series, workload)
        if mine is None and rival is None and key not in unclean:
            continue
        absent = NOT_CLEAN if key in unclean else "not measured"
        beside_peers, beside_machine, verdict = judge(series, workload, mine) if mine else ("", "", absent)
        judged += bool(beside_peers or beside_machine)
        met += verdict == "yes"
        kind = MACHINE.get(workload)
        base = reference(series, workload, kind, mine) if kind else None
        rows.append([
            workload,
            spread(mine) if mine else absent,
            f"{rival.who}: {spread(rival)}" if rival else "",
            ratio(mine, rival and rival.median),
            beside_peers,
            f"{NAMES[kind]} {number(base)}" if base else "",
            ratio(mine, base),
            beside_machine,
            verdict,
        ])
    head = ["workload", f"gradlet, {threads} threads, µs", "best peer, µs", "ratio", "target", "floor or limit, µs",
            "ratio to it", "target", "met"]
    return table(head, rows, right=(1, 3, 5, 6)) + f"\n{met} of {judged} targets met.\n"


def limits(series):
    """gradlet on each number of threads beside the same work by hand, copies, and multiply-adds alone."""
    counts = sorted({s.threads for s in series.values()})
    cell = lambda found: number(found.median) if found else ""
    rows = []
    for workload in MACHINE:
        mine = {n: series.get(("gradlet", n, workload)) for n in counts}
        floor = {n: series.get(("floor", n, workload)) for n in counts}
        # Of the same moment as gradlet's run, or else the floor's.
        fma = {n: s.fma_us(multiply_adds(workload)) if (s := mine[n] or floor[n]) else None for n in counts}
        if any((*mine.values(), *floor.values())):
            rows.append([workload, f"{2e-6 * n:,.3g}" if (n := multiply_adds(workload)) else "",
                         *(number(fma[n]) if fma[n] else "" for n in counts), *(cell(floor[n]) for n in counts),
                         *(cell(mine[n]) for n in counts)])
    named = lambda who: [f"{who}, {n} thread{'s' if n > 1 else ''}" for n in counts]
    head = ["workload", "Mflop of products", *named("limit"), *named("floor or copy"), *named("gradlet")]
    return table(head, rows, right=range(1, len(head)))


def everyone(series, threads, labels, unclean=frozenset()):
    """Every variant's medians at `threads`, the best peer of a row in bold."""
    here = {key: s for key, s in series.items() if s.threads == threads}
    failed = {(label, workload) for label, n, workload in unclean if n == threads}
    shown = {s.label for s in here.values()} | {label for label, _ in failed}
    columns = [label for label in labels if label in shown]
    rows = []
    for workload in WORKLOADS + EXTRA:
        row = {s.label: s for s in here.values() if s.workload == workload}
        if row or any(w == workload for _, w in failed):
            first = best(here, workload)
            cells = [number(row[c].median) if c in row else NOT_CLEAN if (c, workload) in failed else "" for c in columns]
            bold = [f"**{cell}**" if first and row.get(c) is first else cell for c, cell in zip(columns, cells)]
            rows.append([workload, *bold])
    return table(["workload", *columns], rows, right=range(1, len(columns) + 1))


def products(series, peers_shown=4):
    """gradlet and the fastest peers on each product: spread over the rounds, and GFLOP/s."""
    rows = []
    for workload in WORKLOADS:
        if not workload.startswith("matmul_"):
            continue
        here = [s for s in series.values() if s.workload == workload]
        mine = sorted((s for s in here if s.peer == "gradlet"), key=lambda s: s.threads)
        rivals = sorted((s for s in here if s.peer not in NO_PEERS), key=lambda s: s.median)[:peers_shown]
        reference = mine[-1].median if mine else None
        for s in mine + rivals:
            ratio = f"{reference / s.median:.2f}" if reference and s.peer != "gradlet" else ""
            speed = f"{2 * multiply_adds(workload) / s.median / 1e3:.0f}"
            rows.append([workload, s.who, spread(s), len(s.us), speed, ratio])
    head = ["product", "who", "median (range) µs", "rounds", "GFLOP/s", "gradlet / this"]
    return table(head, rows, right=(2, 3, 4, 5))


def front(series, machine, unclean=frozenset()):
    """The table that a page begins with, and what was measured, as Markdown."""
    return "\n".join([summary(series, unclean), machine])


def details(series, labels, unclean=frozenset()):
    """Everything else, as Markdown."""
    parts = []
    if any(s.workload in MACHINE and s.peer in NO_PEERS for s in series.values()):
        parts += ["### The machine's limits, µs\n", limits(series)]
    if any(s.workload.startswith("matmul_") for s in series.values()):
        parts += ["### Products\n", products(series)]
    for threads in sorted({threads for _, threads, _ in [*series, *unclean]}, reverse=True):
        plural = "s" if threads > 1 else ""
        parts += [f"### Everyone, {threads} thread{plural}, median µs\n", everyone(series, threads, labels, unclean)]
    return "\n".join(parts)
