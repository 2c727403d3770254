#!/usr/bin/env python3
"""Measures trained weights (net.pt of train_demo_model.py) on three synthetic volumes that training never saw.

    OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=2 /usr/bin/python3 build/train/evaluate_demo_model.py OUT/net.pt

Prints Dice per label and volume. Needs numpy, scipy and torch.
"""
import argparse
import pathlib

import torch
from synth_tomo import LABELS
from train_demo_model import TILE_ZYX, PlainConvUNet, dice_per_label, load_volume, predict

SEED = 700000  # neither of the training (1000...) nor of its validation (90000...) nor of the sample (424242)
SHAPE_ZYX = (72, 144, 144)
SNRS = (0.15, 0.3, 0.6)


def load_network(path):
    """The network with these weights; the widths of its stages are read from them."""
    state = torch.load(path, map_location="cpu")
    stages = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("enc."))
    features = tuple(state[f"enc.{k}.0.0.weight"].shape[0] for k in range(stages))
    net = PlainConvUNet(1, len(LABELS), features)
    net.load_state_dict(state)
    return net.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=pathlib.Path, help="net.pt, the weights to measure")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net = load_network(options.weights)
    names = list(LABELS)[1:]
    print("seed    SNR   " + "".join(f"{name:>10}" for name in names))
    rows = []
    for k, snr in enumerate(SNRS):
        volume, labels, _ = load_volume(SEED + k, SHAPE_ZYX, snr)
        scores = dice_per_label(predict(net, volume, TILE_ZYX).argmax(0), labels)
        rows.append(scores)
        print(f"{SEED + k}  {snr:<4}  " + "".join(f"{score:10.3f}" for score in scores), flush=True)
    means = [sum(column) / len(rows) for column in zip(*rows)]
    print("mean          " + "".join(f"{mean:10.3f}" for mean in means))


if __name__ == "__main__":
    main()
