"""Checks ours.npz and ours.npy, which gradlet wrote, and writes files of NumPy's for it."""

import numpy as np

expected = {
    "truth": np.array([True, False, True]),
    "byte": np.array([0, 255], np.uint8),
    "int": np.array([[-(2**31), 2**31 - 1]], np.int32),
    "long": np.array(-(2**63), np.int64),
    "count": np.array([2**64 - 1], np.uint64),
    "float": np.array([[1.5, 3.0], [-2.0, 0.1]], np.float32),
    "double": np.array([0.1, -0.0, np.inf], np.float64),
    "empty": np.zeros((0, 3), np.float32),
}


def same(x, y):
    assert x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes(), (x, y)


with np.load("ours.npz") as file:
    assert list(file) == list(expected), list(file)
    for name, x in expected.items():
        same(x, file[name])
same(expected["float"], np.load("ours.npy"))
assert np.load("ours.npy", mmap_mode="r").flags.aligned

np.savez("stored.npz", **expected)
np.savez_compressed("packed.npz", **expected)
np.savez("swapped.npz", **{name: x.astype(x.dtype.newbyteorder()) for name, x in expected.items()})
np.savez("fortran.npz", **{name: np.array(x, order="F") for name, x in expected.items()})
np.save("half.npy", np.array([0.5, -65504.0, 6e-8, np.inf], np.float16))
np.save("small.npy", np.array([-128, 127], np.int8))
np.save("short.npy", np.array([-32768, 32767], np.int16))
np.save("unsigned_short.npy", np.array([65535], np.uint16))
np.save("unsigned_int.npy", np.array([4294967295], np.uint32))
with open("version_2.npy", "wb") as file:
    np.lib.format.write_array(file, np.array([1.0, 2.0]), (2, 0))
np.save("objects.npy", np.array([{}, None], object), allow_pickle=True)
np.save("texts.npy", np.array(["a", "bc"]))
np.save("structure.npy", np.zeros(2, [("x", "<f4"), ("y", [("z", "<i4", (2, 3))])]))
np.save("complex.npy", np.zeros(2, np.complex64))
