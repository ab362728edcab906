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

# Workload -> [(peer, limit)]: gradlet's median is at most limit times that of the peer's best setting. "best" is the best
# of all peers; "us" is a plain number of microseconds.
TARGETS = {
    "step_tiny": [("best", 0.5), ("torch", 1 / 30)],
    "step_digits": [("numpy", 0.4), ("torch", 0.12)],
    "step_mnist": [("best", 0.6)],
    "step_wide": [("best", 0.65)],
    "step_wide_adam": [("best", 0.75)],
    "step_two_layer": [("best", 0.6)],
    "infer_1": [("best", 0.6)],
    "infer_128": [("best", 1.0)],
    "dropout_fwd_1m": [("best", 0.1)],
    "dropout_fwd_16m": [("best", 0.3)],
    "dropout_fb_1m": [("best", 0.2)],
    "dropout_fb_16m": [("best", 0.3)],
    "dropout_fb_p10_1m": [("best", 0.3)],
    "ew_fb_1m": [("best", 1.0)],
    "bcast_fb": [("best", 1.0)],
    "softmax_fb": [("best", 0.9)],
    # 100 ns for each of 2,000 nodes, forward and backward together. JAX compiles the chain away.
    "chain_1000": [("us", 200)],
    "conv_fb": [("torch", 1.2), ("jax", 0.5)],
} | {
    name: [("best", 0.8)] for name in WORKLOADS[WORKLOADS.index("conv_bn"):]
} | {
    name: [("best", 1.1)] for name in WORKLOADS if name.startswith("matmul_")
}


def chosen(prefixes):
    """The workloads whose names start with one of `prefixes`; all if there are none."""
    return [w for w in WORKLOADS if not prefixes or any(w.startswith(p) for p in prefixes)]


def family(workload):
    """What is measured close together in time: step, infer, dropout, matmul, a layer under both kinds of incoming
    gradient, or a workload of its own."""
    head = workload.split("_")[0]
    if head in ("step", "infer", "dropout", "matmul"):
        return head
    return workload.removesuffix("_ones").removesuffix("_dense")


def flops(workload):
    """Floating-point operations of a product, or None."""
    if not workload.startswith("matmul_"):
        return None
    return 2 * int(workload.rsplit("_", 1)[1]) ** 3
