"""MLX (its build for CPUs; --compile for mx.compile) on the steps and inferences of ../WORKLOADS.md, as in its examples."""
import functools

import harness

options = harness.parse(compile={"action": "store_true"})

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim

mx.set_default_device(mx.cpu)
mx.random.seed(0)


def mlp(i, h, o):
    return nn.Sequential(nn.Linear(i, h), nn.ReLU(), nn.Dropout(0.5), nn.Linear(h, o))


def cross_entropy(logits, y):
    return nn.losses.cross_entropy(logits, y, reduction="mean")


def step(model, optimizer, x, y, loss_fn=cross_entropy):
    model.train()
    mx.eval(model.parameters(), x, y)
    loss_and_grad = nn.value_and_grad(model, lambda model, x, y: loss_fn(model(x), y))
    state = [model.state, optimizer.state, mx.random.state]

    def train_step(x, y):
        loss, grads = loss_and_grad(model, x, y)
        optimizer.update(model, grads)
        return loss
    if options.compile:
        train_step = functools.partial(mx.compile, inputs=state, outputs=state)(train_step)

    def f():
        loss = train_step(x, y)
        mx.eval(loss, state)
        return loss.item()
    return f


def step_mlp(i, h, o, b):
    return step(mlp(i, h, o), optim.SGD(0.01), mx.random.normal((b, i)), mx.random.randint(0, o, (b,)))


def wide(optimizer):
    model = nn.Sequential(nn.Dropout(0.2), nn.Linear(784, 1024), nn.ReLU(), nn.Dropout(0.5),
                          nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10))
    return step(model, optimizer, mx.random.normal((128, 784)), mx.random.randint(0, 10, (128,)))


def two_layer():
    model = nn.Sequential(nn.Linear(256, 512), nn.ReLU(), nn.Dropout(0.5),
                          nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.5))
    return step(model, optim.SGD(0.01), mx.random.normal((64, 256)), mx.random.normal((64, 256)), nn.losses.mse_loss)


def infer(b):
    model, x = mlp(784, 512, 10), mx.random.normal((b, 784))
    model.eval()
    mx.eval(model.parameters(), x)
    predict = mx.compile(model) if options.compile else model
    return lambda: mx.eval(predict(x))


def make(w):
    if w == "step_tiny": return step_mlp(16, 32, 4, 8)
    if w == "step_digits": return step_mlp(64, 128, 10, 32)
    if w == "step_mnist": return step_mlp(784, 512, 10, 128)
    if w == "step_wide": return wide(optim.SGD(0.01, momentum=0.9))
    if w == "step_wide_adam": return wide(optim.Adam(1e-3))
    if w == "step_two_layer": return two_layer()
    if w.startswith("infer_"): return infer(int(w[6:]))


harness.run("mlx-compile" if options.compile else "mlx", mx.__version__, make, options)
