#!/usr/bin/env python3
"""Draws the program's icon: resources/icons/icon.svg and icon.png (1024 x 1024).

    /usr/bin/python3 build/scripts/make-icon.py

A round cross-section of a tomogram: a membrane of two leaflets with particles inside and around it, and gold beads.
Both files come from the same list of shapes. Needs numpy only.
"""
import argparse
import math
import pathlib
import struct
import zlib

import numpy as np

SIZE = 1024
OVERSAMPLING = 3
CENTER = 512
DISC_RADIUS = 372

PLATE_TOP = "#1d2a3a"
PLATE_BOTTOM = "#0a1017"
DISC_MIDDLE = "#55677c"
DISC_EDGE = "#223041"
RIM = "#9fb4c9"
MEMBRANE = "#00d084"
PARTICLE = "#ffb020"
GOLD = "#ff2d62"

PLATE = (64, 64, 896, 200)  # x, y, side, corner radius
MEMBRANE_RADIUS = 222
LEAFLETS = ((22, 24), (-22, 24))  # offset from the radius, width of the line
MEMBRANE_CENTER = (500, 524)
WAVES = ((2, 0.06, 1.1), (3, 0.03, 0.4), (5, 0.008, 2.1))  # count around, height as a share of the radius, phase
# x, y, radius, turn; three lobes each.
PARTICLES = (
    (436, 452, 54, 0.2),
    (574, 546, 58, 1.3),
    (440, 620, 44, 2.2),
    (752, 332, 46, 0.9),
    (248, 700, 33, 1.8),
)
GOLD_BEADS = ((312, 284, 28), (672, 792, 30), (812, 560, 22))


def outline(offset, points=240):
    """The membrane, as a polygon: a circle with a few waves."""
    line = []
    for i in range(points):
        angle = 2 * math.pi * i / points
        share = 1 + sum(height * math.sin(count * angle + phase) for count, height, phase in WAVES)
        radius = MEMBRANE_RADIUS * share + offset
        line.append((MEMBRANE_CENTER[0] + radius * math.cos(angle), MEMBRANE_CENTER[1] + radius * math.sin(angle)))
    return line


def lobes(x, y, radius, turn):
    """A particle: three overlapping circles."""
    circles = []
    for k, share in enumerate((0.72, 0.62, 0.55)):
        angle = turn + 2 * math.pi * k / 3
        circles.append((x + 0.5 * radius * math.cos(angle), y + 0.5 * radius * math.sin(angle), share * radius))
    return circles


def svg():
    x, y, side, corner = PLATE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">',
        "<title>CryoMamba</title>",
        "<defs>",
        f'<linearGradient id="plate" x1="0" y1="0" x2="0" y2="1"><stop stop-color="{PLATE_TOP}"/>'
        f'<stop offset="1" stop-color="{PLATE_BOTTOM}"/></linearGradient>',
        f'<radialGradient id="disc"><stop stop-color="{DISC_MIDDLE}"/>'
        f'<stop offset="1" stop-color="{DISC_EDGE}"/></radialGradient>',
        "</defs>",
        f'<rect x="{x}" y="{y}" width="{side}" height="{side}" rx="{corner}" fill="url(#plate)"/>',
        f'<circle cx="{CENTER}" cy="{CENTER}" r="{DISC_RADIUS}" fill="url(#disc)" stroke="{RIM}" stroke-width="10"/>',
    ]
    for offset, width in LEAFLETS:
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in outline(offset))
        parts.append(
            f'<polygon points="{points}" fill="none" stroke="{MEMBRANE}" stroke-width="{width}" stroke-linejoin="round"/>'
        )
    for particle in PARTICLES:
        circles = "".join(f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{r:.1f}"/>' for cx, cy, r in lobes(*particle))
        parts.append(f'<g fill="{PARTICLE}">{circles}</g>')
    for bead_x, bead_y, radius in GOLD_BEADS:
        parts.append(f'<circle cx="{bead_x}" cy="{bead_y}" r="{radius}" fill="{GOLD}"/>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def rgb(color):
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


class Canvas:
    """Pixels several times as fine as the picture; shapes are painted over each other, hard-edged."""

    def __init__(self):
        self.side = SIZE * OVERSAMPLING
        axis = (np.arange(self.side, dtype=np.float32) + 0.5) / OVERSAMPLING
        self.x = axis[None, :]
        self.y = axis[:, None]
        self.color = np.zeros((self.side, self.side, 3), np.float32)
        self.alpha = np.zeros((self.side, self.side), bool)

    def paint(self, mask, color):
        """`color` is one colour, or a picture of colours."""
        self.color[mask] = color[mask] if color.ndim == 3 else color
        self.alpha |= mask

    def distance(self, x, y):
        return np.sqrt((self.x - x) ** 2 + (self.y - y) ** 2)

    def pixels(self):
        """The picture as RGBA bytes, each the mean of its fine pixels."""
        n = OVERSAMPLING
        alpha = self.alpha.reshape(SIZE, n, SIZE, n).mean((1, 3))
        seen = (self.color * self.alpha[..., None]).reshape(SIZE, n, SIZE, n, 3).mean((1, 3))
        color = seen / np.maximum(alpha, 1e-6)[..., None]
        return np.dstack([np.round(color), np.round(alpha * 255)]).astype(np.uint8)


def blend(first, second, share):
    return rgb(first) + (rgb(second) - rgb(first)) * np.clip(share, 0, 1)[..., None]


def draw():
    canvas = Canvas()
    x, y, side, corner = PLATE
    over_x = np.maximum(np.abs(canvas.x - CENTER) - (side / 2 - corner), 0)
    over_y = np.maximum(np.abs(canvas.y - CENTER) - (side / 2 - corner), 0)
    down = np.broadcast_to((canvas.y - y) / side, canvas.alpha.shape)
    canvas.paint(np.hypot(over_x, over_y) <= corner, blend(PLATE_TOP, PLATE_BOTTOM, down))

    from_center = canvas.distance(CENTER, CENTER)
    canvas.paint(from_center <= DISC_RADIUS, blend(DISC_MIDDLE, DISC_EDGE, from_center / DISC_RADIUS))
    canvas.paint(np.abs(from_center - DISC_RADIUS) <= 5, rgb(RIM))

    angle = np.arctan2(canvas.y - MEMBRANE_CENTER[1], canvas.x - MEMBRANE_CENTER[0])
    share = 1 + sum(height * np.sin(count * angle + phase) for count, height, phase in WAVES)
    from_membrane = canvas.distance(*MEMBRANE_CENTER) - MEMBRANE_RADIUS * share
    for offset, width in LEAFLETS:
        canvas.paint(np.abs(from_membrane - offset) <= width / 2, rgb(MEMBRANE))
    for particle in PARTICLES:
        for circle_x, circle_y, radius in lobes(*particle):
            canvas.paint(canvas.distance(circle_x, circle_y) <= radius, rgb(PARTICLE))
    for bead_x, bead_y, radius in GOLD_BEADS:
        canvas.paint(canvas.distance(bead_x, bead_y) <= radius, rgb(GOLD))
    return canvas.pixels()


def png(pixels):
    """An RGBA PNG, rows without a filter."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = pathlib.Path(__file__).resolve().parents[2] / "resources" / "icons"
    parser.add_argument("--out", type=pathlib.Path, default=default, help="folder for icon.svg and icon.png")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    (out / "icon.svg").write_text(svg())
    (out / "icon.png").write_bytes(png(draw()))


if __name__ == "__main__":
    main()
