#!/usr/bin/env python3
"""Segments synthetic volumes that no training saw with both bundled models, through the program, and prints Dice.

    /usr/bin/python3 build/train/compare_models.py [MODEL…] --out FOLDER

MODEL is a folder with model.json, by default both bundled ones. Volumes have 13.48 Å; masks are compared on that grid.
Needs numpy, scipy and the built program (`npm run build:node`).
"""
import argparse
import json
import pathlib
import subprocess

from make_sample import write_pair
from synth_tomo import LABELS_WITH_MICROTUBULES

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUNDLED = [ROOT / "resources/models" / name for name in ("demo-cryoet-unet", "demo-cryoet-unet-coarse")]
SHAPE_ZYX = (96, 192, 192)
# Seed, SNR, whether microtubules are drawn. Of no training, validation or other evaluation; 800005 has no room for any.
VOLUMES = (
    (800000, 0.15, False),
    (800001, 0.3, False),
    (800002, 0.6, False),
    (800003, 0.15, True),
    (800004, 0.3, True),
    (800006, 0.6, True),
)
NAMES = list(LABELS_WITH_MICROTUBULES)[1:]


def write_volumes(folder):
    """Writes the volumes that are not there yet; (stem, SNR) of each."""
    for seed, snr, microtubules in VOLUMES:
        if not (folder / f"seed-{seed}-labels.mrc").exists():
            write_pair(folder, f"seed-{seed}", SHAPE_ZYX, seed, snr, microtubules)
    return [(f"seed-{seed}", snr) for seed, snr, _ in VOLUMES]


def run_cli(*arguments):
    """The last line that the program prints, which is JSON."""
    command = ["node", str(ROOT / "build/scripts/cli.mjs"), *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout.strip().split("\n")[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=pathlib.Path, nargs="*", default=BUNDLED, help="folders with model.json")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out"), help="folder for volumes and masks (out)")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sample = ROOT / "resources/sample"
    volumes = [(sample / "sample.mrc", sample / "sample-labels.mrc", "sample", 0.3)]
    for stem, snr in write_volumes(options.out):
        volumes.append((options.out / f"{stem}.mrc", options.out / f"{stem}-labels.mrc", stem, snr))
    print(f"{'volume':12} {'SNR':5} {'model':24}" + "".join(f"{name:>12}" for name in NAMES) + f"{'tiles':>7}{'s':>7}")
    for volume, truth, stem, snr in volumes:
        for model in options.models:
            mask = options.out / f"{stem}-{model.resolve().name}.mrc"
            job = run_cli("segment", volume, "--out", mask, "--model", model)
            measured = {row["label"]: row["dice"] for row in run_cli("evaluate", mask, truth)["labels"]}
            scores = [measured.get(LABELS_WITH_MICROTUBULES[name]) for name in NAMES]
            cells = "".join(f"{'–' if score is None else format(score, '.3f'):>12}" for score in scores)
            print(f"{stem:12} {snr:<5} {model.resolve().name:24}{cells}{job['tiles']:7}{job['seconds']:7.1f}", flush=True)


if __name__ == "__main__":
    main()
