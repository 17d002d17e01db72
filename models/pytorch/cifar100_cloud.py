#!/usr/bin/env python3
"""Trains the cloud's network for CIFAR-100, a wide residual network of 16 layers and width 4, and writes it as ONNX.

Optional: everything else in this project trains with the project's own trainer. A network of this size is eight times the work
of the edge's, and PyTorch's bfloat16 kernels run it several times as fast on the same two cores, or on a GPU where there is one.
`meanet evaluate` judges the result like any other.

    meanet dataset held-out --recipe models/recipes/cifar100-resnet32-a.yaml --data DIR > split.json
    python3 models/pytorch/cifar100_cloud.py --data DIR --split split.json --out cloud.onnx

Goes on from its checkpoint (OUT.checkpoint, one an epoch) when started again. Runs with torch 1.13 (Debian 12: python3-torch).
"""
import argparse
import json
import math
import os
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

PLANES = 3 * 32 * 32
RECORD = 2 + PLANES


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, as models/src/networks/blocks.ts builds it."""

    def __init__(self, width_in, width_out, stride):
        super().__init__()
        self.first = nn.Conv2d(width_in, width_out, 3, stride, 1, bias=False)
        self.first_bn = nn.BatchNorm2d(width_out)
        self.second = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False)
        self.second_bn = nn.BatchNorm2d(width_out)
        self.shortcut = nn.Identity()
        if stride != 1 or width_in != width_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(width_in, width_out, 1, stride, bias=False), nn.BatchNorm2d(width_out)
            )

    def forward(self, x):
        y = F.relu(self.first_bn(self.first(x)))
        return F.relu(self.second_bn(self.second(y)) + self.shortcut(x))


def build_network(widths=(64, 128, 256), blocks=2, stem=16, classes=100):
    layers = [nn.Conv2d(3, stem, 3, 1, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
    width_in = stem
    for stage, width in enumerate(widths):
        for index in range(blocks):
            layers.append(Block(width_in, width, 2 if stage > 0 and index == 0 else 1))
            width_in = width
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width_in, classes))
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


def read_records(path):
    """Images [n, 3, 32, 32] and fine classes [n] of an official binary file, both uint8."""
    records = np.fromfile(path, dtype=np.uint8).reshape(-1, RECORD)
    return records[:, 2:].reshape(-1, 3, 32, 32), records[:, 1]


def augment(images, random):
    """A crop of the old size out of 4 black pixels of border, and a mirror image for half of them."""
    padded = np.pad(images, ((0, 0), (0, 0), (4, 4), (4, 4)))
    out = np.empty_like(images)
    for index, (y, x, mirror) in enumerate(zip(*random.integers(0, 9, (2, len(images))), random.random(len(images)))):
        crop = padded[index, :, y : y + 32, x : x + 32]
        out[index] = crop[:, :, ::-1] if mirror < 0.5 else crop
    return out


def one_cycle(step, steps, peak, warm_up=0.2):
    climb = warm_up * steps
    if step < climb:
        return peak / 25 + (peak - peak / 25) * step / climb
    return peak / 2 * (1 + math.cos(math.pi * (step - climb) / (steps - climb)))


def accuracy(network, images, labels, normalise, device):
    network.eval()
    right = 0
    with torch.no_grad():
        for start in range(0, len(images), 500):
            y = network(normalise(images[start : start + 500]))
            right += (y.argmax(1).cpu().numpy() == labels[start : start + 500]).sum()
    network.train()
    return right / len(images)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of the official binary files")
    parser.add_argument("--split", required=True, help="what `meanet dataset held-out` printed")
    parser.add_argument("--out", required=True, help="ONNX file to write: x [N,3,32,32] normalised, y [N,100] logits")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--peak", type=float, default=0.15, help="learning rate at the end of the warm-up")
    parser.add_argument("--weight-decay", type=float, default=5e-4)
    parser.add_argument("--label-smoothing", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with open(options.split, encoding="utf8") as file:
        split = json.load(file)
    images, labels = read_records(os.path.join(options.data, "train.bin"))
    held_out = np.zeros(len(images), dtype=bool)
    held_out[split["heldOut"]] = True
    train_images, train_labels = images[~held_out], labels[~held_out]
    mean = torch.tensor(split["mean"]).view(1, 3, 1, 1).to(device)
    std = torch.tensor(split["std"]).view(1, 3, 1, 1).to(device)

    def normalise(planes):
        x = (torch.from_numpy(planes).to(device).float() / 255 - mean) / std
        return x.contiguous(memory_format=torch.channels_last)

    network = build_network().to(device).to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(network.parameters(), options.peak, 0.9, weight_decay=options.weight_decay, nesterov=True)
    checkpoint, first, seconds = options.out + ".checkpoint", 0, 0.0
    if os.path.exists(checkpoint):
        saved = torch.load(checkpoint, map_location=device)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        first, seconds = saved["epoch"], saved["seconds"]
    steps = len(train_images) // options.batch
    for epoch in range(first, options.epochs):
        started, loss_sum = time.monotonic(), 0.0
        random = np.random.default_rng([options.seed, epoch])
        order = random.permutation(len(train_images))
        for step in range(steps):
            for group in optimiser.param_groups:
                group["lr"] = one_cycle(epoch * steps + step, options.epochs * steps, options.peak)
            batch = order[step * options.batch : (step + 1) * options.batch]
            x = normalise(augment(train_images[batch], random))
            target = torch.from_numpy(train_labels[batch].astype(np.int64)).to(device)
            with torch.autocast(device.type, dtype=torch.bfloat16):
                y = network(x)
            loss = F.cross_entropy(y.float(), target, label_smoothing=options.label_smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            loss_sum += loss.item()
            if step % 50 == 49:
                rate = (step + 1) * options.batch / (time.monotonic() - started)
                print(f"epoch {epoch + 1}/{options.epochs} step {step + 1}/{steps} loss {loss_sum / (step + 1):.3f} {rate:.0f} images/s", flush=True)
        seconds += time.monotonic() - started
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "epoch": epoch + 1, "seconds": seconds}
        torch.save(state, checkpoint + ".new")
        os.replace(checkpoint + ".new", checkpoint)
        held = accuracy(network, images[held_out], labels[held_out], normalise, device)
        print(f"epoch {epoch + 1}/{options.epochs} held-out accuracy {held:.4f}, {seconds / 60:.1f} min so far", flush=True)

    network = network.to("cpu", memory_format=torch.contiguous_format).eval()
    torch.onnx.export(
        network, torch.zeros(1, 3, 32, 32), options.out, opset_version=16,
        input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}},
    )
    print(f"{options.out}: {os.path.getsize(options.out)} bytes, {options.epochs} epochs in {seconds / 60:.1f} min, torch {torch.__version__}")


if __name__ == "__main__":
    main()
