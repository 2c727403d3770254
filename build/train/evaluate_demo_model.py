#!/usr/bin/env python3
"""Measures a trained network on three synthetic volumes that training never saw.

    OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=2 /usr/bin/python3 build/train/evaluate_demo_model.py MODEL

MODEL is the net.pt or the model.onnx of train_demo_model.py, by default the bundled model.
Prints Dice per label and volume. Needs numpy, scipy and torch, for a model.onnx also onnx.
"""
import argparse
import pathlib

import torch
from synth_tomo import LABELS
from train_demo_model import TILE_ZYX, PlainConvUNet, dice_per_label, load_volume, predict

BUNDLED = pathlib.Path(__file__).resolve().parents[2] / "resources/models/demo-cryoet-unet/model.onnx"
SEED = 700000  # neither of the training (1000...) nor of its validation (90000...) nor of the sample (424242)
SHAPE_ZYX = (72, 144, 144)
SNRS = (0.15, 0.3, 0.6)


def load_weights(path):
    """The weights by name. An ONNX file has them under the same names, without the heads that only training uses."""
    if path.suffix != ".onnx":
        return torch.load(path, map_location="cpu")
    import onnx
    from onnx import numpy_helper

    tensors = onnx.load(str(path)).graph.initializer
    return {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in tensors}


def load_network(path):
    """The network with these weights; the widths of its stages are read from them."""
    state = load_weights(path)
    stages = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("enc."))
    features = tuple(state[f"enc.{k}.0.0.weight"].shape[0] for k in range(stages))
    net = PlainConvUNet(1, len(LABELS), features)
    missing, unknown = net.load_state_dict(state, strict=False)
    coarse_heads = tuple(f"head.{k}." for k in range(stages - 2))
    if unknown or not all(name.startswith(coarse_heads) for name in missing):
        raise SystemExit(f"{path} holds another network: lacks {missing}, has {unknown}")
    return net.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "model", type=pathlib.Path, nargs="?", default=BUNDLED, help="net.pt or model.onnx (the bundled model)"
    )
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    net = load_network(options.model)
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
