"""Who is measured: each peer with each of its settings, how it is built, and what its programs leave out."""
import dataclasses

from .workloads import EXTRA

# keepmem: glibc keeps freed memory and never maps a block of its own for a large one.
KEEPMEM = {"MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_MMAP_THRESHOLD_": "4294967296"}

# Measured unless --settings says otherwise. Not among them: native, and keepmem for the Python peers.
SETTINGS = ["compile", "xla", "rbg", "keepmem", "x86-v4", "mimalloc", "shared"]

MATMUL = ("matmul_",)
NETS = ("step_", "infer_")


@dataclasses.dataclass(frozen=True)
class Variant:
    """One program with one choice of settings."""

    peer: str  # what --peers chooses
    name: str
    settings: tuple = ()
    package: str = ""  # of the Rust workspace
    script: str = ""  # in python/
    flags: tuple = ()
    features: tuple = ()
    target_cpu: str = ""
    only: tuple = ()  # prefixes of the workloads it has; () is all
    never: tuple = ()
    extra: bool = False  # measured with --settings all alone

    @property
    def label(self):
        return " +".join((self.name, *self.settings))

    @property
    def env(self):
        return KEEPMEM if "keepmem" in self.settings else {}

    def offers(self, workload):
        return (not self.only or workload.startswith(self.only)) and not (self.never and workload.startswith(self.never))


def _with_keepmem(variant, extra=False):
    kept = dataclasses.replace(variant, settings=(*variant.settings, "keepmem"), extra=extra or variant.extra)
    return [variant, kept]


def _rust(peer, name, package, x86_v4, **more):
    """Default, x86-v4 and native builds, each with and without keepmem. `x86_v4` is how the peer asks for AVX-512."""
    plain = Variant(peer, name, package=package, **more)
    wide = dataclasses.replace(plain, settings=("x86-v4",), **x86_v4)
    native = dataclasses.replace(plain, settings=("native",), target_cpu="native", extra=True)
    return [v for base in (plain, wide, native) for v in _with_keepmem(base)]


def _python(peer, name, *settings, flags=(), **more):
    return _with_keepmem(Variant(peer, name, settings, script=f"{peer}_peer.py", flags=flags, **more), extra=True)


def _gemm(crate, **more):
    return Variant("gemm", crate, package="peer-gemm", flags=("--backend", crate), **{"only": MATMUL} | more)


def _ferrotorch(*settings):
    return Variant(
        "ferrotorch", "ferrotorch", settings, package="peer-ferrotorch",
        flags=("--backend", "shared") if "shared" in settings else (),
        features=("mimalloc",) if "mimalloc" in settings else (), only=("step_tiny", "step_digits", "step_mnist"))


FEATURE = {"features": ("x86-v4",)}

GRADLET = Variant("gradlet", "gradlet")

RIVALS = [
    *_python("numpy", "NumPy"),
    *_python("jax", "JAX"),
    *_python("jax", "JAX", "rbg", flags=("--prng", "rbg")),
    *_python("torch", "PyTorch"),
    # Compiling the chain takes minutes; a single product is the same library call.
    *_python("torch", "PyTorch", "compile", flags=("--compile",), never=("chain_1000", "matmul_", "dropout_eval")),
    *_python("tensorflow", "TensorFlow", only=NETS),
    *_python("tensorflow", "TensorFlow", "xla", flags=("--xla",), only=NETS),
    *_python("tinygrad", "tinygrad", only=NETS),
    *_python("mlx", "MLX", only=NETS),
    *_python("mlx", "MLX", "compile", flags=("--compile",), only=NETS),
    *_rust("candle", "candle", "peer-candle", FEATURE),
    # Its gemm 0.15 has AVX-512 kernels on a nightly compiler alone, so that setting compiles everything for it.
    *_rust("dfdx", "dfdx", "peer-dfdx", {"target_cpu": "x86-64-v4"}),
    # Without keepmem, to bound how long a comparison takes.
    *(v for v in _rust("burn", "burn-flex", "peer-burn", FEATURE, flags=("--backend", "flex"))
      if "keepmem" not in v.settings),
    Variant("burn", "burn-ndarray", package="peer-burn", flags=("--backend", "ndarray")),
    *(_ferrotorch(*s) for s in [(), ("shared",), ("mimalloc",), ("mimalloc", "shared")]),
    _gemm("gemm"),
    _gemm("gemm", settings=("x86-v4",), **FEATURE),
    _gemm("faer"),
    _gemm("private-gemm-x86"),
    _gemm("matrixmultiply"),
]

# Compiled for this processor alone, since it is to show the machine's limits.
FLOOR = Variant("floor", "floor", package="peer-floor", target_cpu="native",
                only=("step_", "infer_", "ew_fb_1m", "bcast_fb", "softmax_fb"), never=tuple(EXTRA))

METER = Variant("fma", "fma", package="peer-fma")

VARIANTS = [FLOOR, *RIVALS]

PEERS = list(dict.fromkeys(v.peer for v in VARIANTS))


def select(peers, settings, has_avx512):
    """The variants of the named peers whose settings were all asked for."""
    everything = "all" in settings
    wanted = []
    for v in VARIANTS:
        asked = everything or (set(v.settings) <= set(settings) and (not v.extra or "native" in v.settings))
        if v.peer in peers and asked and (has_avx512 or "x86-v4" not in v.settings):
            wanted.append(v)
    return wanted
