"""The Markdown tables."""
from .results import best, fastest_round
from .workloads import EXTRA, TARGETS, WORKLOADS, flops


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


def judge(series, workload, gradlet_us):
    """(targets, verdict) as text: each target, and `yes` or by how much it is missed."""
    asked, missed, unknown = [], [], []
    for peer, limit in TARGETS.get(workload, []):
        if peer == "us":
            asked.append(f"{limit} µs")
            reached = gradlet_us / limit
            met = reached <= 1
        else:
            asked.append(f"{limit:.3g} of {peer}" if limit != 1 else f"no slower than {peer}")
            rival = best(series, workload, None if peer == "best" else peer)
            if rival is None:
                unknown.append(f"? ({peer} was not measured)")
                continue
            reached = gradlet_us / rival.median
            met = reached <= limit
        if not met:
            missed.append(f"no: {reached:.3g}" + ("" if peer == "us" else f" of {peer}"))
    verdict = "; ".join(missed + unknown) or ("yes" if asked else "")
    return "; ".join(asked), verdict


def summary(series, threads=2):
    """gradlet at `threads` against the best peer over all settings and threads."""
    rows, met, judged = [], 0, 0
    for workload in WORKLOADS:
        mine, rival = series.get(("gradlet", threads, workload)), best(series, workload)
        if mine is None and rival is None:
            continue
        targets, verdict = judge(series, workload, mine.median) if mine else ("", "not measured")
        judged += bool(targets)
        met += verdict == "yes"
        rows.append([
            workload,
            spread(mine) if mine else "",
            rival.who if rival else "",
            spread(rival) if rival else "",
            f"{mine.median / rival.median:.2g}" if mine and rival else "",
            f"{min(mine.us) / fastest_round(series, workload):.2g}" if mine and rival else "",
            targets,
            verdict,
        ])
    head = ["workload", f"gradlet, {threads} threads, µs", "best peer", "µs", "ratio", "fastest rounds", "target",
        "met"]
    return table(head, rows, right=(1, 3, 4, 5)) + f"\n{met} of {judged} targets met.\n"


def everyone(series, threads, labels):
    """Every variant's medians at `threads`, the best peer of a row in bold."""
    here = {key: s for key, s in series.items() if s.threads == threads and s.peer != "peak"}
    columns = [label for label in labels if any(s.label == label for s in here.values())]
    rows = []
    for workload in WORKLOADS + EXTRA:
        row = {s.label: s for s in here.values() if s.workload == workload}
        if row:
            first = best(here, workload)
            cells = [number(row[c].median) if c in row else "" for c in columns]
            bold = [f"**{cell}**" if row.get(c) is first and cell else cell for c, cell in zip(columns, cells)]
            rows.append([workload, *bold])
    return table(["workload", *columns], rows, right=range(1, len(columns) + 1))


def products(series, peers_shown=4):
    """gradlet and the fastest peers on each product: spread over the rounds, and GFLOP/s."""
    rows = []
    for workload in WORKLOADS:
        if not flops(workload):
            continue
        here = [s for s in series.values() if s.workload == workload]
        mine = sorted((s for s in here if s.peer == "gradlet"), key=lambda s: s.threads)
        rivals = sorted((s for s in here if s.peer != "gradlet"), key=lambda s: s.median)[:peers_shown]
        reference = mine[-1].median if mine else None
        for s in mine + rivals:
            ratio = f"{reference / s.median:.2f}" if reference and s.peer != "gradlet" else ""
            speed = f"{flops(workload) / s.median / 1e3:.0f}"
            rows.append([workload, s.who, spread(s), len(s.us), speed, ratio])
    head = ["product", "who", "median (range) µs", "rounds", "GFLOP/s", "gradlet / this"]
    return table(head, rows, right=(2, 3, 4, 5))


def ceiling(series):
    """What fused multiply-adds in registers reach."""
    lines = []
    for s in series.values():
        if s.peer == "peak":
            mflop = int("".join(filter(str.isdigit, s.workload.rsplit("_", 1)[1])))
            name = s.workload.split("_")[1].upper()
            plural = "s" if s.threads > 1 else ""
            lines.append(f"- {name}, {s.threads} thread{plural}: {mflop * s.threads / s.median * 1e3:.0f} GFLOP/s")
    return "\n".join(sorted(lines)) + "\n"


def document(series, labels, machine):
    """Everything, as one Markdown text."""
    parts = [machine, summary(series)]
    if any(flops(s.workload) for s in series.values()):
        parts += ["### Products\n", products(series)]
    if any(s.peer == "peak" for s in series.values()):
        parts += ["Fused multiply-adds in registers alone:\n", ceiling(series)]
    for threads in sorted({s.threads for s in series.values()}, reverse=True):
        plural = "s" if threads > 1 else ""
        parts += [f"### Everyone, {threads} thread{plural}, median µs\n", everyone(series, threads, labels)]
    return "\n".join(parts)
