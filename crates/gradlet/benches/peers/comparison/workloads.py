"""The workloads' names, in the order of WORKLOADS.md, and what gradlet is to reach on each."""

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

# Only a peer whose optimizer has no momentum does this in place of step_wide.
EXTRA = ["step_wide_plain_sgd"]

# Workload -> [(reference, limit)]: gradlet's median is at most limit times that of the reference. "best" is the best of all
# peers, a peer's name its best setting; "us" is a plain number of microseconds; MACHINE has the others.
TARGETS = {
    "step_tiny": [("best", 0.35), ("floor", 3)],
    "step_digits": [("best", 0.25)],
    "step_mnist": [("fma", 1.2)],
    "step_wide": [("fma", 1.2)],
    "step_wide_adam": [("fma", 1.3)],
    "step_two_layer": [("fma", 1.3)],
    "infer_1": [("best", 0.4)],
    "infer_128": [("best", 0.75)],
    "dropout_fwd_1m": [("best", 0.1)],
    "dropout_fwd_16m": [("best", 0.3)],
    "dropout_fb_1m": [("best", 0.2)],
    "dropout_fb_16m": [("best", 0.3)],
    "dropout_fb_p10_1m": [("best", 0.3)],
    "ew_fb_1m": [("best", 0.5), ("copy", 1.5)],
    "bcast_fb": [("best", 0.4), ("copy", 1.5)],
    "softmax_fb": [("best", 0.4), ("copy", 1.5)],
    # 45 ns for each of 2,000 nodes, forward and backward together. JAX compiles the chain away.
    "chain_1000": [("us", 90)],
    "conv_fb": [("torch", 0.35)],
} | {
    name: [("best", 0.8)] for name in WORKLOADS[WORKLOADS.index("conv_bn"):]
} | {
    name: [("best", 1.0)] for name in WORKLOADS if name.startswith("matmul_")
} | {
    # At least 90 % of the multiply-adds that two threads do in registers.
    name: [("best", 1.0), ("fma", 1.11)] for name in ("matmul_2048", "matmul_nt_1024")
}

# The machine's limit that a row is compared with: "fma" is the time that the multiply-adds of a row's
# products take in registers alone, "floor" the same work by hand without a framework, "copy" a copy of the memory that
# the row has to read and write. The program `floor` has the last two.
MACHINE = {
    name: "fma" for name in WORKLOADS if name.startswith(("step_", "infer_", "matmul_"))
} | {
    "step_tiny": "floor", "step_digits": "floor", "infer_1": "floor",
    "ew_fb_1m": "copy", "bcast_fb": "copy", "softmax_fb": "copy",
}

# Batch and sizes of the nets.
NETS = {
    "step_tiny": (8, 16, 32, 4),
    "step_digits": (32, 64, 128, 10),
    "step_mnist": (128, 784, 512, 10),
    "step_wide": (128, 784, 1024, 1024, 10),
    "step_wide_adam": (128, 784, 1024, 1024, 10),
    "step_two_layer": (64, 256, 512, 256),
    "infer_1": (1, 784, 512, 10),
    "infer_128": (128, 784, 512, 10),
}


def chosen(prefixes):
    """The workloads whose names start with one of `prefixes`; all if there are none."""
    return [w for w in WORKLOADS if not prefixes or any(w.startswith(p) for p in prefixes)]


def family(workload):
    """What one process measures with `--order family`: step, infer, dropout, matmul, a layer under both kinds of incoming
    gradient, or a workload of its own."""
    head = workload.split("_")[0]
    if head in ("step", "infer", "dropout", "matmul"):
        return head
    return workload.removesuffix("_ones").removesuffix("_dense")


def groups(workloads, order):
    """Lists of workloads that each program measures in one process before the next program's turn."""
    row = lambda w: "step_wide" if w in EXTRA else w
    key = family if order == "family" else row
    return [[w for w in workloads if key(w) == name] for name in dict.fromkeys(map(key, workloads))]


def multiply_adds(workload):
    """The number of multiply-adds in the products of a training step, an inference or a product; None for other rows."""
    if workload.startswith("matmul_"):
        return int(workload.rsplit("_", 1)[1]) ** 3
    if workload not in NETS:
        return None
    batch, *sizes = NETS[workload]
    layers = [batch * i * o for i, o in zip(sizes, sizes[1:])]
    # A step's backward has two products as large as the forward's, but the first layer's input has no gradient.
    return sum(layers) if workload.startswith("infer_") else 3 * sum(layers) - layers[0]
