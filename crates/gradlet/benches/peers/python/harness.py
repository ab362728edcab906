"""What the Python peers share: arguments, timing, JSON lines, a check that their steps train."""
import argparse
import json
import sys
import time

WORKLOADS = [
    "step_tiny", "step_digits", "step_mnist", "step_wide", "step_wide_adam", "step_two_layer",
    "infer_1", "infer_128",
    "dropout_fwd_1m", "dropout_fwd_16m", "dropout_fb_1m", "dropout_fb_16m", "dropout_fb_p10_1m",
    "dropout_eval_1m",
    "ew_fb_1m", "bcast_fb", "softmax_fb",
    "matmul_64", "matmul_256", "matmul_512", "matmul_1024", "matmul_2048",
    "matmul_nt_512", "matmul_nt_1024",
    "chain_1000", "conv_fb", "conv_bn", "lstm", "gru", "char_lm",
    "layer_norm_fb_1024_ones", "layer_norm_fb_1024_dense", "batch_norm_fb_1024_ones", "batch_norm_fb_1024_dense",
    "batch_norm_fb_maps_ones", "batch_norm_fb_maps_dense", "group_norm_fb_maps_ones", "group_norm_fb_maps_dense",
    "embedding_fb_ones", "embedding_fb_dense", "attention_fb_ones", "attention_fb_dense",
]


def parse(**flags):
    """The arguments; `flags` are more options and what argparse wants to know of them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--suffix", default="", help="goes behind the peer's name")
    parser.add_argument("--check", action="store_true", help="time nothing: do the losses of the steps fall?")
    for flag, keywords in flags.items():
        parser.add_argument("--" + flag, **keywords)
    parser.add_argument("names", nargs="*", help="prefixes of workloads; =NAME matches the whole name; none: all")
    return parser.parse_args()


def wants(names, workload):
    return not names or any(
        workload == name[1:] if name.startswith("=") else workload.startswith(name) for name in names)


# A slow workload warms up and is timed no longer than this.
LONGEST_WARM_S = 3
LONGEST_TIMED_S = 8


def measure(f, warm=0.5, timed=2):
    """Sorted nanoseconds of each call: after 20 calls and `warm` seconds, 50 calls and `timed` seconds, whichever is
    longer."""
    start, calls = time.perf_counter(), 0
    while calls < 1 or (elapsed := time.perf_counter() - start) < warm or (calls < 20 and elapsed < LONGEST_WARM_S):
        f()
        calls += 1
    times, start = [], time.perf_counter()
    while (len(times) < 5 or (elapsed := time.perf_counter() - start) < timed
           or (len(times) < 50 and elapsed < LONGEST_TIMED_S)):
        begin = time.perf_counter_ns()
        f()
        times.append(time.perf_counter_ns() - begin)
    return sorted(times)


def check(make, names):
    """Exits with an error unless each step's loss falls; dropout makes it noisy, so that means are compared."""
    for workload in (w for w in WORKLOADS if w.startswith("step_") and wants(names, w)):
        f = make(workload)
        losses = [float(f()) for _ in range(200)]
        first, last = sum(losses[:40]) / 40, sum(losses[-40:]) / 40
        print(f"{workload}: {first:.4f} to {last:.4f}")
        if not last < first:
            sys.exit(f"{workload}: the loss did not fall")


def run(peer, version, make, options):
    """Times what `make` makes of each wanted workload's name. A workload that fails says so and the next one follows."""
    if options.check:
        return check(make, options.names)
    for workload in (w for w in WORKLOADS if wants(options.names, w)):
        head = {"peer": peer + options.suffix, "version": version, "workload": workload, "threads": options.threads}
        try:
            f = make(workload)
            if f is None:
                continue
            times = measure(f)
        except Exception as error:
            print(f"{peer} {workload}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            print(json.dumps(head | {"skipped": type(error).__name__}), flush=True)
            continue
        quantile = lambda q: round(times[round((len(times) - 1) * q)] / 1e3, 2)
        print(json.dumps(head | {"median_us": quantile(0.5), "min_us": quantile(0), "p90_us": quantile(0.9),
                                 "iters": len(times)}), flush=True)
