#!/usr/bin/env python3
"""Trains the coarse demonstration model: 20.22 Å instead of 13.48 Å, a larger net and microtubules as a fourth label.

    OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=2 /usr/bin/python3 build/train/train_coarse_model.py --seconds 4000 --out OUT

Volumes are made at 13.48 Å, normalised and then resampled as nnU-Net does it, which is what CryoMamba does with a
model whose spacing policy is `resample`. Writes the same files as train_demo_model.py and needs the same packages.
"""
import argparse
import json
import multiprocessing
import pathlib
import time

import numpy as np
import torch
from scipy import ndimage as ndi
from synth_tomo import LABELS_WITH_MICROTUBULES as LABELS
from synth_tomo import VOXEL_A, make_tomogram, zscore
from train_demo_model import COLORS, PlainConvUNet, dice_per_label, export_onnx, manifest, predict, train, with_foreground

FEATURES = (12, 24, 48, 64, 64)
CLASSES = len(LABELS)
CLASS_WEIGHTS = (0.5, 1.0, 1.2, 2.0, 1.2)
COARSE_A = 1.5 * VOXEL_A
TRAIN_SEED = 2000  # and the numbers after it, one a volume
TRAIN_SHAPE = (96, 192, 192)
VALIDATION_SEED = 91000
VALIDATION_SHAPE = (96, 192, 192)
VALIDATION_SNRS = (0.12, 0.25, 0.6)
PATCH_ZYX = (48, 64, 64)
TILE_ZYX = (48, 96, 96)


def zoom(voxels, shape, order):
    """Resamples as skimage.transform.resize does it for nnU-Net: edges repeated, values kept in their range."""
    factors = [new / old for new, old in zip(shape, voxels.shape)]
    resampled = ndi.zoom(voxels, factors, order=order, mode="nearest", grid_mode=True)
    return np.clip(resampled, voxels.min(), voxels.max()).astype(np.float32)


def zoom_logits(logits, shape):
    return np.stack([zoom(channel, shape, 1) for channel in logits])


def coarse_pair(volume, labels):
    """A normalised tomogram and its labels on the coarse grid."""
    shape = [round(size * VOXEL_A / COARSE_A) for size in volume.shape]
    one_hot = np.stack([labels == value for value in range(CLASSES)]).astype(np.float32)
    return zoom(zscore(volume), shape, 3), zoom_logits(one_hot, shape).argmax(0).astype(np.uint8)


def training_pair(seed):
    """Two of three volumes hold microtubules."""
    volume, labels, _ = make_tomogram(TRAIN_SHAPE, seed, microtubules=seed % 3 > 0)
    return coarse_pair(volume, labels)


def load_training_volumes(count, processes):
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        pairs = pool.map(training_pair, range(TRAIN_SEED, TRAIN_SEED + count), chunksize=1)
    return [with_foreground(volume, labels, range(1, CLASSES)) for volume, labels in pairs]


def load_validation_volumes():
    """Per SNR the coarse pair, as train() wants it, and the labels on the fine grid."""
    rows = []
    for k, snr in enumerate(VALIDATION_SNRS):
        volume, labels, _ = make_tomogram(VALIDATION_SHAPE, VALIDATION_SEED + k, snr, microtubules=True)
        rows.append((*coarse_pair(volume, labels), labels))
    return rows


def validate(net, validation):
    """Dice on the fine grid of the validation volumes."""
    rows = []
    for (volume, _, labels), snr in zip(validation, VALIDATION_SNRS):
        logits = predict(net, volume, TILE_ZYX, classes=CLASSES)
        scores = dice_per_label(zoom_logits(logits, labels.shape).argmax(0), labels, CLASSES)
        rows.append({"snr": snr, "dice": dict(zip(list(LABELS)[1:], scores))})
        print(rows[-1], flush=True)
    return rows


def coarse_manifest(onnx_path, model_id):
    """The model.json of the package: that of the first model with the grid, tiles and labels of this one."""
    package = manifest(onnx_path, model_id, FEATURES)
    package["name"] = "Coarse demonstration network, synthetic tomograms"
    package["description"] = (
        "Membranes, particles, gold fiducials and microtubules on a 20 Å grid; trained on synthetic tomograms only"
    )
    package["output"]["channels"] = CLASSES
    package["spacing"] = {"target_zyx": [COARSE_A] * 3, "unit": "angstrom", "policy": "resample"}
    package["tiles"]["patch_zyx"] = list(TILE_ZYX)
    colors = COLORS | {"microtubule": "#3c8cff"}
    package["labels"] = [{"value": value, "name": name, "color": colors[name]} for name, value in LABELS.items()]
    return package


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4000, help="how long to train, without making the data (4000)")
    parser.add_argument("--iterations", type=int, help="train this many steps instead of a time")
    parser.add_argument("--volumes", type=int, default=36, help="number of synthetic training volumes (36)")
    parser.add_argument("--batch", type=int, default=2, help="patches in one step (2)")
    parser.add_argument("--lr", type=float, default=4e-3, help="highest learning rate (0.004)")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    parser.add_argument("--seed", type=int, default=2, help="of the weights and of the patches (2)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out"), help="folder for the results (out)")
    parser.add_argument("--id", default="my-coarse-unet", help="id in model.json; not that of a bundled model")
    parser.add_argument("--init", type=pathlib.Path, help="net.pt or checkpoint.pt to continue from (warm restart)")
    options = parser.parse_args()
    options.patch = PATCH_ZYX
    return options


def main():
    options = parse_options()
    options.out.mkdir(parents=True, exist_ok=True)
    started = time.time()
    volumes = load_training_volumes(options.volumes, options.threads)
    validation = load_validation_volumes()
    data_seconds = time.time() - started
    print(f"data made in {data_seconds:.1f} s", flush=True)
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    net = PlainConvUNet(1, CLASSES, FEATURES)
    parameters = sum(p.numel() for p in net.parameters())
    if options.init:
        net.load_state_dict(torch.load(options.init, map_location="cpu"))
    print(f"{parameters} parameters", flush=True)

    result = train(net, volumes, validation, options, CLASS_WEIGHTS)
    torch.save(net.state_dict(), options.out / "net.pt")
    result |= {"data_seconds": data_seconds, "parameters": parameters, "validation": validate(net, validation)}

    onnx_path = options.out / "model.onnx"
    result["onnx_operators"] = export_onnx(net, onnx_path)
    package = coarse_manifest(onnx_path, options.id)
    (options.out / "model.json").write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (options.out / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{onnx_path}: {package['onnx']['bytes']} bytes after {result['iterations']} iterations")


if __name__ == "__main__":
    main()
