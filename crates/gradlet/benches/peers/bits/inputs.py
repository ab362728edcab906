"""The inputs of the programs that ask for the same bits, and the digests that they print: src/lib.rs in Python."""
import struct

BATCH, STEPS, LEARNING_RATE = 32, 10, 0.1
MASK = (1 << 64) - 1


def uniform(seed, n):
    """The numbers of ../rust/harness/src/data.rs, all of which a 32-bit float holds."""
    state = (seed * 0x9E37_79B9_7F4A_7C15) & MASK | 1
    numbers = []
    for _ in range(n):
        state ^= state << 13 & MASK
        state ^= state >> 7
        state ^= state << 17 & MASK
        numbers.append((state >> 40) / (1 << 23) - 1)
    return numbers


def layer(seed, inputs, outputs):
    """The weight, whose shape is [outputs, inputs], and the bias."""
    return [[x / 8 for x in uniform(s, n)] for s, n in [(seed, inputs * outputs), (seed + 1, outputs)]]


LINEAR = layer(10, 100, 100), layer(12, 100, 1)
CLASSIFIER = layer(20, 64, 128), layer(22, 128, 10)
WIDE = layer(30, 784, 512)
LABELS = [i % 10 for i in range(BATCH)]


def digest(data):
    """FNV-1a with 64 bits. Source: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv"""
    hash = 0xCBF2_9CE4_8422_2325
    for byte in data:
        hash = (hash ^ byte) * 0x0000_0100_0000_01B3 & MASK
    return f"{hash:016x}"


def floats(numbers):
    """The bytes of 32-bit floats, the lowest first."""
    return struct.pack(f"<{len(numbers)}f", *numbers)


def show(linear, wide, trained, loss, batch, alone):
    """Prints what src/lib.rs prints. Arrays are NumPy's; trained: weight, bias, weight, bias; alone: one a row."""
    rows = uniform(1, BATCH * 64)
    print("inputs  ", digest(floats(sum((list for layer in CLASSIFIER for list in layer), rows))))
    print("linear  ", digest(linear.tobytes()), f"{linear.flat[0]:.5f}")
    print("wide    ", digest(wide.tobytes()), f"{wide.flat[0]:.5f}")
    print("training", digest(b"".join(array.tobytes() for array in trained)), f"{loss:.5f}")
    same = sum(row.tobytes() == single.tobytes() for row, single in zip(batch, alone, strict=True))
    print("rows    ", same, "of", BATCH, "the same alone")
