#!/usr/bin/env python3
"""Trains a small convolutional classifier on Fashion-MNIST with PyTorch and writes it as ONNX.

It stands for a model that this project did not make: `meanet bundle create` makes a bundle of it.

    python3 train.py                 model.onnx: trained for 3 epochs, any batch
    python3 train.py --fixtures      the small files of the tests: fixed-batch.onnx, softmax.onnx, nhwc-bytes.onnx

Runs with torch 1.13 (Debian 12: python3-torch, python3-numpy) on two threads.
"""
import argparse
import gzip
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
MEAN, STD = 0.2860, 0.3530


class Classifier(nn.Module):
    """Three convolutions, each with batch normalisation; the second and the third halve the map."""

    def __init__(self, widths):
        super().__init__()
        first, second, third = widths
        self.stage1 = self.stage(1, first, 1)
        self.stage2 = self.stage(first, second, 2)
        self.stage3 = self.stage(second, third, 2)
        self.classify = nn.Linear(third, 10)

    @staticmethod
    def stage(width_in, width_out, stride):
        conv = nn.Conv2d(width_in, width_out, 5, stride, 2, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(width_out), nn.ReLU())

    def forward(self, x):
        x = self.stage3(self.stage2(self.stage1(x)))
        # `view` with sizes of the example: an export with a fixed batch writes that batch into the graph.
        return self.classify(F.avg_pool2d(x, 7).view(x.size(0), -1))


class Bytes(nn.Module):
    """What some exports begin with: bytes, channels last, normalised inside."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner((x.permute(0, 3, 1, 2).float() / 255 - MEAN) / STD)


def read(data, part):
    with gzip.open(os.path.join(data, f"{part}-images-idx3-ubyte.gz")) as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(os.path.join(data, f"{part}-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    x = (torch.from_numpy(images.copy()).float() / 255 - MEAN) / STD
    return x, torch.from_numpy(labels.astype(np.int64))


def fit(network, x, y, epochs):
    steps = epochs * (len(x) // 128)
    optimiser = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=0.1, total_steps=steps)
    network.train()
    for epoch in range(epochs):
        order, losses = torch.randperm(len(x)), []
        for start in range(0, len(x) // 128 * 128, 128):
            batch = order[start : start + 128]
            loss = F.cross_entropy(network(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.3f}", flush=True)
    network.eval()


def accuracy(network, x, y):
    with torch.no_grad():
        return float((torch.cat([network(part) for part in x.split(500)]).argmax(1) == y).float().mean())


def export(network, name, example, open_batch):
    axes = {"image": {0: "batch"}, "scores": {0: "batch"}} if open_batch else None
    path = os.path.join(HERE, name)
    torch.onnx.export(
        network, example, path, input_names=["image"], output_names=["scores"], dynamic_axes=axes, opset_version=13
    )
    print(f"{name}: {os.path.getsize(path)} bytes")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    options.add_argument("--epochs", type=int, default=3)
    options.add_argument("--fixtures", action="store_true")
    chosen = options.parse_args()
    torch.manual_seed(1)
    torch.set_num_threads(2)
    x, y = read(chosen.data, "train")
    widths, epochs = ((4, 6, 8), 1) if chosen.fixtures else ((16, 32, 48), chosen.epochs)
    network = Classifier(widths)
    print(f"torch {torch.__version__}, {sum(p.numel() for p in network.parameters())} parameters")
    fit(network, x, y, epochs)
    print(f"test accuracy {accuracy(network, *read(chosen.data, 't10k')):.4f}")
    frame = torch.zeros(1, 1, 28, 28)
    if chosen.fixtures:
        export(network, "fixed-batch.onnx", frame, False)
        export(nn.Sequential(network, nn.Softmax(1)), "softmax.onnx", frame, True)
        export(Bytes(network), "nhwc-bytes.onnx", torch.zeros(1, 28, 28, 1, dtype=torch.uint8), True)
    else:
        export(network, "model.onnx", frame, True)


if __name__ == "__main__":
    main()
