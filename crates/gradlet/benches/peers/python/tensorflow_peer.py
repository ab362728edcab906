"""TensorFlow (tf.function; --xla for jit_compile) on the steps and inferences of ../WORKLOADS.md, as in its quickstart for
experts."""
import os

import harness

options = harness.parse(xla={"action": "store_true", "help": "compile with XLA"})
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tensorflow as tf
from tensorflow.keras.layers import Dense, Dropout

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(options.threads)
tf.random.set_seed(0)


def net(inputs, *layers):
    return tf.keras.Sequential([tf.keras.Input((inputs,)), *layers])


def mlp(i, h, o):
    return net(i, Dense(h, activation="relu"), Dropout(0.5), Dense(o))


def labels(n, count):
    return tf.random.uniform((n,), 0, count, tf.int64)


def step(model, optimizer, x, y, loss_object=None):
    loss_object = loss_object or tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=options.xla)
    def train_step(x, y):
        with tf.GradientTape() as tape:
            predictions = model(x, training=True)
            loss = loss_object(y, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return loss
    return lambda: train_step(x, y).numpy()


def step_mlp(i, h, o, b):
    return step(mlp(i, h, o), tf.keras.optimizers.SGD(0.01), tf.random.normal((b, i)), labels(b, o))


def wide(optimizer):
    model = net(784, Dropout(0.2), Dense(1024, activation="relu"), Dropout(0.5),
                Dense(1024, activation="relu"), Dropout(0.5), Dense(10))
    return step(model, optimizer, tf.random.normal((128, 784)), labels(128, 10))


def two_layer():
    model = net(256, Dense(512, activation="relu"), Dropout(0.5), Dense(256, activation="relu"), Dropout(0.5))
    return step(model, tf.keras.optimizers.SGD(0.01), tf.random.normal((64, 256)), tf.random.normal((64, 256)),
                tf.keras.losses.MeanSquaredError())


def infer(b):
    model, x = mlp(784, 512, 10), tf.random.normal((b, 784))
    predict = tf.function(lambda x: model(x, training=False), jit_compile=options.xla)
    return lambda: predict(x).numpy()


def make(w):
    if w == "step_tiny": return step_mlp(16, 32, 4, 8)
    if w == "step_digits": return step_mlp(64, 128, 10, 32)
    if w == "step_mnist": return step_mlp(784, 512, 10, 128)
    if w == "step_wide": return wide(tf.keras.optimizers.SGD(0.01, momentum=0.9))
    if w == "step_wide_adam": return wide(tf.keras.optimizers.Adam(1e-3))
    if w == "step_two_layer": return two_layer()
    if w.startswith("infer_"): return infer(int(w[6:]))


harness.run("tensorflow-xla" if options.xla else "tensorflow", tf.__version__, make, options)
