"""Builds of gradlet and the Rust peers, and the Python peers' environment."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parents[3]

# Chosen by hand or by the caller's shell, these would change what is measured.
UNSET = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS", "GRADLET_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "LD_PRELOAD",
    "RUSTFLAGS", "CARGO_TARGET_DIR", "JAX_PLATFORMS", "XLA_FLAGS",
)


class Missing(Exception):
    """A program that could not be built or installed."""


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1"} | more


def _cargo(arguments, folder, env):
    """The executable that cargo says it made."""
    command = ["cargo", *arguments, "--message-format=json-render-diagnostics"]
    done = subprocess.run(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Missing(f"`{' '.join(command)}` failed")
    made = [m["executable"] for m in map(json.loads, done.stdout.splitlines()) if m.get("executable")]
    return Path(made[-1])


def gradlet():
    """The benchmark in a user's default build, and the commit it was made from."""
    program = _cargo(["bench", "-p", "gradlet", "--bench", "workloads", "--no-run"], ROOT, environment())
    say = ["git", "describe", "--always", "--dirty"]
    commit = subprocess.run(say, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return program, commit


def rust(variant, folder):
    """The peer's program, copied to a name of its own, since the next build of other settings would replace it."""
    name = "-".join([variant.package, *variant.features, *filter(None, [variant.target_cpu])])
    env = environment(CARGO_TARGET_DIR=str(folder))
    if variant.target_cpu:
        env["RUSTFLAGS"] = f"-C target-cpu={variant.target_cpu}"
    features = ["--features", ",".join(variant.features)] if variant.features else []
    made = _cargo(["build", "--release", "-p", variant.package, *features], HERE / "rust", env)
    program = folder / "programs" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    # A new file and a rename: the old one may be running.
    fresh = program.with_suffix(".new")
    shutil.copy2(made, fresh)
    fresh.replace(program)
    return program


def default_venv():
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "gradlet-peers"


# Where the package's name is not the module's.
PACKAGES = {"tensorflow": "tensorflow-cpu", "mlx": "mlx[cpu]"}
MODULES = {"mlx": "mlx.core"}


def python(peer, venvs, install):
    """The interpreter of the first of the environments that has the peer; installs what is missing into the first."""

    def having():
        found = (venv / "bin" / "python" for venv in venvs)
        command = ["-c", f"import {MODULES.get(peer, peer)}"]
        is_in = lambda python: python.exists() and not subprocess.run([python, *command], capture_output=True).returncode
        return next(filter(is_in, found), None)

    interpreter = having()
    if interpreter is None and install:
        first = venvs[0] / "bin" / "python"
        if not first.exists():
            subprocess.run([sys.executable, "-m", "venv", venvs[0]], check=True)
        wanted = (HERE / "python" / "requirements.txt").read_text().split()
        # JAX's program makes its data with NumPy, which comes with it.
        packages = [line for line in wanted if line.startswith(PACKAGES.get(peer, peer) + "==")]
        print(f"compare: installing {packages[0]} into {venvs[0]}", file=sys.stderr)
        subprocess.run([first, "-m", "pip", "install", "--quiet", *packages], stdout=sys.stderr)
        interpreter = having()
    if interpreter is None:
        raise Missing(f"{peer} cannot be imported in {' or '.join(map(str, venvs))}")
    return interpreter
