#!/usr/bin/env python3
"""Makes the bundled sample: a synthetic tomogram (int16 MRC) and its ground truth (int8 MRC).

    /usr/bin/python3 build/train/make_sample.py --out resources/sample

Axes are z, y, x. The same seed gives the same voxels on the same numpy and scipy. Needs numpy and scipy only:
the two headers are written here, by the MRC2014 specification. Another size and seed make another volume, e.g. for
benchmarks:

    /usr/bin/python3 build/train/make_sample.py --out FOLDER --shape 128,256,256 --seed 7
"""
import argparse
import pathlib
import struct

import numpy as np
from synth_tomo import LABELS, VOXEL_A, make_tomogram

SHAPE_ZYX = (72, 160, 192)
SEED = 424242  # never used in training (1000..) nor in evaluation (90000..)
SNR = 0.3
ORIGIN_XYZ_ANGSTROM = (100.0, 200.0, 300.0)  # not zero, so that a mask that is shifted shows
PEAK = 12000  # of int16: room above the gold, steps far below the noise


def write_mrc(path: pathlib.Path, voxels: np.ndarray, mode: int, label: str) -> None:
    """Writes voxels (z, y, x) as MRC2014, little-endian, with voxel size and origin in angstrom."""
    nz, ny, nx = voxels.shape
    header = bytearray(1024)
    struct.pack_into("<10i", header, 0, nx, ny, nz, mode, 0, 0, 0, nx, ny, nz)
    struct.pack_into("<6f", header, 40, nx * VOXEL_A, ny * VOXEL_A, nz * VOXEL_A, 90, 90, 90)
    struct.pack_into("<3i", header, 64, 1, 2, 3)
    values = voxels.astype(np.float64)
    struct.pack_into("<3f", header, 76, values.min(), values.max(), values.mean())
    struct.pack_into("<i", header, 88, 1)
    struct.pack_into("<i", header, 108, 20141)
    struct.pack_into("<3f", header, 196, *ORIGIN_XYZ_ANGSTROM)
    header[208:216] = b"MAP DD\0\0"
    struct.pack_into("<f", header, 216, values.std())
    struct.pack_into("<i", header, 220, 1)
    header[224:304] = label.encode("ascii").ljust(80)
    path.write_bytes(bytes(header) + np.ascontiguousarray(voxels).tobytes())


def write_pair(out, stem, shape, seed, snr, microtubules=False):
    """Writes `stem`.mrc and `stem`-labels.mrc into a folder; returns the labels."""
    tomogram, labels, _ = make_tomogram(shape, seed, snr, microtubules)
    scaled = np.clip(np.round(tomogram / np.abs(tomogram).max() * PEAK), -32768, 32767).astype("<i2")
    write_mrc(out / f"{stem}.mrc", scaled, 1, f"CryoMamba synthetic tomogram, seed {seed}, SNR {snr}")
    write_mrc(out / f"{stem}-labels.mrc", labels.astype("i1"), 0, "CryoMamba synthetic ground truth")
    return labels


def zyx(text: str) -> tuple[int, ...]:
    sizes = tuple(int(size) for size in text.split(","))
    if len(sizes) != 3:
        raise ValueError(text)
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("resources/sample"), help="folder for both files")
    parser.add_argument("--shape", type=zyx, default=SHAPE_ZYX, help="Z,Y,X in voxels")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    labels = write_pair(options.out, "sample", options.shape, options.seed, SNR)
    for name, value in LABELS.items():
        print(f"{name}: {(labels == value).sum()} voxels")


if __name__ == "__main__":
    main()
