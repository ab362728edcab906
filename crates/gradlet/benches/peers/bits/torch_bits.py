"""The digests of PyTorch's results; the argument is the number of threads."""
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

import inputs

torch.set_num_threads(int(sys.argv[1]))


def rows(count, columns):
    return torch.tensor(inputs.uniform(1, count * columns)).reshape(count, columns)


def layer(weight, bias):
    made = nn.Linear(len(weight) // len(bias), len(bias))
    with torch.no_grad():
        made.weight.copy_(torch.tensor(weight).reshape(made.weight.shape))
        made.bias.copy_(torch.tensor(bias))
    return made


def numbers(tensor):
    return tensor.detach().numpy()


linear = nn.Sequential(*(layer(*numbers) for numbers in inputs.LINEAR))(rows(1, 100))
wide = layer(*inputs.WIDE)(rows(128, 784))

first, second = (layer(*numbers) for numbers in inputs.CLASSIFIER)
net = nn.Sequential(first, nn.ReLU(), second)
optimizer = torch.optim.SGD(net.parameters(), lr=inputs.LEARNING_RATE)
x, labels = rows(inputs.BATCH, 64), torch.tensor(inputs.LABELS)
for _ in range(inputs.STEPS):
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x), labels)
    loss.backward()
    optimizer.step()
print("kernels ", torch.backends.cpu.get_cpu_capability())
inputs.show(numbers(linear), numbers(wide), [numbers(p) for p in net.parameters()], loss.item(),
            numbers(net(x)), [numbers(net(x[i:i + 1])) for i in range(inputs.BATCH)])
