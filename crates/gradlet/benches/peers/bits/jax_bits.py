"""The digests of JAX's results; the argument is the number of processors, and so of threads."""
import os
import sys

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])

import jax
import jax.numpy as jnp
import numpy as np

import inputs


def rows(count, columns):
    return jnp.array(inputs.uniform(1, count * columns), jnp.float32).reshape(count, columns)


def layer(weight, bias):
    bias = jnp.array(bias, jnp.float32)
    return jnp.array(weight, jnp.float32).reshape(len(bias), -1), bias


def apply(layer, x):
    weight, bias = layer
    return x @ weight.T + bias


@jax.jit
def no_activation(layers, x):
    return apply(layers[1], apply(layers[0], x))


@jax.jit
def net(layers, x):
    return apply(layers[1], jax.nn.relu(apply(layers[0], x)))


def mean_loss(layers, x, labels):
    return -jnp.mean(jax.nn.log_softmax(net(layers, x))[jnp.arange(len(labels)), labels])


@jax.jit
def step(layers, x, labels):
    loss, grads = jax.value_and_grad(mean_loss)(layers, x, labels)
    return loss, jax.tree.map(lambda w, g: w - inputs.LEARNING_RATE * g, layers, grads)


linear = no_activation([layer(*numbers) for numbers in inputs.LINEAR], rows(1, 100))
wide = jax.jit(apply)(layer(*inputs.WIDE), rows(128, 784))

layers = [layer(*numbers) for numbers in inputs.CLASSIFIER]
x, labels = rows(inputs.BATCH, 64), jnp.array(inputs.LABELS)
for _ in range(inputs.STEPS):
    loss, layers = step(layers, x, labels)
inputs.show(np.asarray(linear), np.asarray(wide), [np.asarray(p) for p in jax.tree.leaves(layers)], float(loss),
            np.asarray(net(layers, x)), [np.asarray(net(layers, x[i:i + 1])) for i in range(inputs.BATCH)])
