"""Checks every.safetensors, which gradlet wrote, and writes numpy.safetensors for it."""

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

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
with safe_open("every.safetensors", "numpy") as file:
    assert set(file.keys()) == set(expected), file.keys()
    assert file.metadata() == {"made by": "gradlet \u00e9"}, file.metadata()
    for name, x in expected.items():
        y = file.get_tensor(name)
        assert x.dtype == y.dtype and x.shape == y.shape and x.tobytes() == y.tobytes(), (name, y)

save_file(
    expected
    | {
        "half": np.array([0.5, -65504.0, 6e-8, np.inf], np.float16),
        "small": np.array([-128, 127], np.int8),
        "short": np.array([-32768, 32767], np.int16),
        "unsigned short": np.array([65535], np.uint16),
        "unsigned int": np.array([4294967295], np.uint32),
    },
    "numpy.safetensors",
    {"made by": "numpy"},
)
