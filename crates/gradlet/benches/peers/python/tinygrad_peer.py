"""tinygrad (CPU, TinyJit) on the steps and inferences of ../WORKLOADS.md, as in its MNIST tutorial. It needs clang."""
import importlib.metadata
import os

import harness

options = harness.parse()
os.environ["DEV"] = "CPU"
os.environ["NUM_CPU_THREADS"] = str(options.threads)

from tinygrad import Context, Device, Tensor, TinyJit, nn
from tinygrad.nn.optim import SGD, Adam

Tensor.manual_seed(0)


class Net:
    """linear layers with ReLU and dropout behind each but the last, or behind that too"""

    def __init__(self, *sizes, input_dropout=0, relu_last=False):
        self.layers = [nn.Linear(i, o) for i, o in zip(sizes, sizes[1:])]
        self.input_dropout, self.relu_last = input_dropout, relu_last

    def __call__(self, x):
        if self.input_dropout:
            x = x.dropout(self.input_dropout)
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i + 1 < len(self.layers) or self.relu_last:
                x = x.relu().dropout(0.5)
        return x


def normal(*shape):
    return Tensor.randn(*shape).realize()


def labels(n, count):
    return Tensor.randint(n, high=count).realize()


def cross_entropy(logits, y):
    return logits.sparse_categorical_crossentropy(y)


def step(model, optimizer, x, y, loss_fn=cross_entropy, **more):
    optim = optimizer(nn.state.get_parameters(model), **more)

    @TinyJit
    def train_step():
        with Context(TRAINING=1):
            optim.zero_grad()
            loss = loss_fn(model(x), y).backward()
            optim.step()
            return loss.realize()
    return lambda: train_step().item()


def infer(b):
    model, x = Net(784, 512, 10), normal(b, 784)
    predict = TinyJit(lambda: model(x).realize())

    def f():
        predict()
        Device["CPU"].synchronize()
    return f


def make(w):
    if w == "step_tiny": return step(Net(16, 32, 4), SGD, normal(8, 16), labels(8, 4), lr=0.01)
    if w == "step_digits": return step(Net(64, 128, 10), SGD, normal(32, 64), labels(32, 10), lr=0.01)
    if w == "step_mnist": return step(Net(784, 512, 10), SGD, normal(128, 784), labels(128, 10), lr=0.01)
    if w.startswith("step_wide"):
        optimizer, how = (Adam, {"lr": 1e-3}) if w == "step_wide_adam" else (SGD, {"lr": 0.01, "momentum": 0.9})
        return step(Net(784, 1024, 1024, 10, input_dropout=0.2), optimizer, normal(128, 784), labels(128, 10), **how)
    if w == "step_two_layer":
        return step(Net(256, 512, 256, relu_last=True), SGD, normal(64, 256), normal(64, 256),
                    lambda y, target: ((y - target) ** 2).mean(), lr=0.01)
    if w.startswith("infer_"): return infer(int(w[6:]))


harness.run("tinygrad", importlib.metadata.version("tinygrad"), make, options)
