"""Draw the flat SVG illustrations of the demo shop and magazine from their export files.

Refuses to draw a product type or a cover scene it has no shape for, and never reads anything
but the two exports: the pictures are a pure function of them, so `--check` can compare.
Run it after the exports change: `python -m tools.generate_demo_images`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from defusedxml.ElementTree import parse

from tools.demo_image_shapes import SECOND_OF_A_PAIR, SHAPE_OF_TYPE, SHAPES

DATA = Path(__file__).resolve().parent.parent / "src" / "rustok" / "cli" / "demo_data"
WORDPRESS = "{http://wordpress.org/export/1.2/}"
MAXIMUM_BYTES = 3 * 1024

# Each palette: background, main, dark, light, accent.
Palette = tuple[str, str, str, str, str]
PALETTES: tuple[Palette, ...] = (
    ("#e8ede4", "#5f7f63", "#2f4a3a", "#c9d8c0", "#d98b3f"),
    ("#e6edf2", "#4f7592", "#25425a", "#c3d6e2", "#e0a64b"),
    ("#f4e9de", "#b9663f", "#6b3424", "#ebc9ac", "#5d7f86"),
    ("#f5eed8", "#cf9a3c", "#7a5420", "#f0d9a0", "#56705f"),
    ("#eeeae6", "#7d7468", "#3d3833", "#d3cabf", "#c4683f"),
    ("#e9e8f0", "#6c6a93", "#36355a", "#cbcadf", "#dd9a57"),
    ("#e2efec", "#3f8580", "#1f4c4c", "#b8dad4", "#e07a4f"),
    ("#f3e6e4", "#a85a5a", "#5c2b33", "#e6c1bc", "#4d7a73"),
)
INK = "#2b2a33"
# A green sun or flame looks wrong: these get a palette whose accent is warm.
WARM_PALETTES = (*PALETTES[:2], *PALETTES[4:7])
WARM_SHAPES = frozenset({"bread", "candle", "fire", "stove"})

STILL_LIFES = {"pack": "backpack"} | {
    name: name
    for name in (
        *("bench", "bicycle", "bread", "chair", "fire", "jar"),
        *("lamp", "pot", "spoon", "tent", "tram"),
    )
}
Scene = Callable[[random.Random], str]


def _rect(x: float, y: float, width: float, height: float, fill: str, rx: float = 0) -> str:
    corner = f' rx="{rx:.0f}"' if rx else ""
    place = f'x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}"'
    return f'<rect {place}{corner} fill="{fill}"/>'


def _circle(x: float, y: float, radius: float, fill: str) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.0f}" fill="{fill}"/>'


def _sun(rng: random.Random) -> str:
    return _circle(rng.randint(120, 680), rng.randint(80, 150), rng.randint(36, 58), "A")


def _windows(
    rng: random.Random, x: float, y: float, columns: int, rows: int, step: float = 26
) -> str:
    """Lit and dark windows of one house as two paths, which keeps the file small."""
    lit, dark = "", ""
    for column in range(columns):
        for row in range(rows):
            pane = f"M{x + column * step:.0f} {y + row * step * 1.3:.0f}h12v18h-12z"
            if rng.random() < 0.3:
                lit += pane
            else:
                dark += pane
    return f'<path d="{lit}" fill="A"/><path d="{dark}" fill="K" opacity=".55"/>'


def _skyline(rng: random.Random) -> str:
    parts = [_sun(rng)]
    x = -10.0
    while x < 800:
        width, height = rng.randint(70, 120), rng.randint(120, 270)
        fill = rng.choice(("M", "D", "L"))
        parts.append(_rect(x, 400 - height, width, height, fill))
        if fill != "L":
            rows = max(1, (height - 50) // 36)
            parts.append(_windows(rng, x + 14, 420 - height, (width - 14) // 26, rows))
        x += width + rng.choice((0, 0, 14))
    return "".join((*parts, _rect(0, 400, 800, 50, "D")))


def _ridge(rng: random.Random, base: int, rise: int, fill: str) -> str:
    points = [f"{x} {base - rng.randint(rise // 3, rise)}" for x in range(0, 801, 100)]
    return f'<path d="M0 450L{" ".join(points)} 800 450z" fill="{fill}"/>'


def _mountain(rng: random.Random) -> str:
    peak, top = rng.randint(280, 520), rng.randint(70, 110)
    summit = (
        f'<path d="M{peak - 260} 450 {peak} {top} {peak + 280} 450z" fill="M"/>'
        f'<path d="M{peak} {top} {peak + 62} {top + 84} {peak + 20} {top + 62} '
        f'{peak - 8} {top + 96} {peak - 50} {top + 66}z" fill="#fffdf7"/>'
    )
    return _sun(rng) + _ridge(rng, 330, 160, "L") + summit + _ridge(rng, 400, 110, "D")


def _tree(x: float, foot: float, height: float, fill: str) -> str:
    half = height * 0.3
    return (
        f'<path d="M{x:.0f} {foot - height:.0f}l{half:.0f} {height * 0.9:.0f}h-{2 * half:.0f}z" '
        f'fill="{fill}"/>' + _rect(x - 4, foot - height * 0.1, 8, height * 0.1, "K")
    )


def _forest(rng: random.Random) -> str:
    parts = [_sun(rng), _ridge(rng, 330, 120, "L")]
    for row, fill in ((340, "M"), (400, "D")):
        parts += [
            _tree(x + rng.randint(-20, 20), row, rng.randint(110, 220), fill)
            for x in range(20, 800, 85)
        ]
        parts.append(_rect(0, row - 2, 800, 60, fill))
    return "".join((*parts, _rect(0, 400, 800, 50, "D")))


def _water(rng: random.Random) -> str:
    waves = "".join(
        f"M{rng.randint(20, 640)} {y}q20-12 40 0t40 0 40 0" for y in range(285, 440, 18)
    )
    x = rng.randint(260, 470)
    boat = (
        f'<path d="M{x} 300h180q-20 44-60 44h-60q-40 0-60-44z" fill="A"/>'
        f'<path d="M{x + 85} 300V170l70 110h-70" fill="#fffdf7" stroke="K" stroke-width="5"/>'
    )
    return (
        _sun(rng) + _ridge(rng, 260, 110, "L") + _rect(0, 260, 800, 190, "M")
        + f'<path d="{waves}" fill="none" stroke="L" stroke-width="5"/>' + boat
    )  # fmt: skip


def _courtyard(rng: random.Random) -> str:
    return (
        _rect(0, 40, 190, 360, "M") + _rect(610, 40, 190, 360, "M") + _rect(190, 110, 420, 290, "L")
        + _windows(rng, 30, 70, 4, 7, 34) + _windows(rng, 650, 70, 4, 7, 34)
        + _windows(rng, 230, 135, 10, 3, 38) + _rect(0, 380, 800, 70, "D")
        + _rect(392, 250, 18, 150, "K") + _circle(400, 230, rng.randint(70, 90), "A")
        + _circle(345, 265, 46, "A") + _circle(455, 265, 46, "A")
    )  # fmt: skip


def _window(rng: random.Random) -> str:
    x = rng.randint(230, 330)
    return (
        _rect(0, 380, 800, 70, "D") + _rect(x, 50, 260, 300, "K", 6)
        + _rect(x + 14, 64, 232, 272, "L") + _circle(x + rng.randint(70, 190), 140, 36, "A")
        + f'<path d="M{x + 14} 336v-60l80-50 70 40 82-60v130z" fill="M"/>'
        + _rect(x + 124, 64, 12, 272, "K") + _rect(x + 14, 190, 232, 12, "K")
        + _rect(x - 24, 346, 308, 20, "A")
    )  # fmt: skip


def _door(rng: random.Random) -> str:
    x = rng.randint(260, 380)
    return (
        _rect(0, 390, 800, 60, "D") + _rect(x - 18, 52, 216, 340, "L") + _rect(x, 70, 180, 322, "M")
        + _rect(x + 26, 96, 128, 110, "D", 8) + _rect(x + 26, 268, 128, 96, "D", 8)
        + _rect(x + 128, 232, 40, 14, "A", 7) + _circle(x + 160, 239, 15, "A")
        + _rect(x - 40, 392, 260, 18, "K")
    )  # fmt: skip


def _stalls(rng: random.Random, count: int) -> str:
    parts = [_rect(0, 390, 800, 60, "D")]
    width = 640 / count
    for index in range(count):
        x = 80 + index * width
        inner = width - 24
        stripe = inner / 6
        parts += [_rect(x, 200, 8, 190, "K"), _rect(x + inner - 8, 200, 8, 190, "K")]
        parts += [
            _rect(x + n * stripe, 140, stripe, 70, "A" if n % 2 else "#fffdf7", 6) for n in range(6)
        ]
        parts.append(_rect(x - 4, 300, inner + 8, 92, "M"))
        parts += [
            _circle(x + 22 + n * 30, 292, rng.randint(11, 15), rng.choice(("A", "L", "D")))
            for n in range(max(1, int((inner - 20) // 30)))
        ]
    return "".join(parts)


def _market(rng: random.Random) -> str:
    return _ridge(rng, 250, 120, "L") + _stalls(rng, 3)


def _kiosk(rng: random.Random) -> str:
    return (
        _sun(rng) + _rect(60, 60, 120, 330, "L") + _rect(610, 110, 130, 280, "L") + _stalls(rng, 2)
    )


def _house(rng: random.Random) -> str:
    x = rng.randint(220, 320)
    return (
        _sun(rng) + _ridge(rng, 380, 90, "L")
        + f'<path d="M{x - 30} 220 {x + 160} 90 {x + 350} 220z" fill="D"/>'
        + _rect(x, 215, 320, 180, "M") + _windows(rng, x + 26, 245, 6, 2, 34)
        + _rect(x + 240, 290, 54, 105, "K") + _rect(x - 90, 320, 66, 72, "A", 8)
        + _circle(x - 57, 356, 22, "L") + _rect(0, 390, 800, 60, "D")
    )  # fmt: skip


def _letter(rng: random.Random) -> str:
    x = rng.randint(180, 260)
    lines = "".join(
        f"M{x + 40} {y}h{rng.randint(250, 360) if y < 320 else 140}" for y in range(130, 350, 30)
    )
    return (
        _rect(0, 390, 800, 60, "D") + _rect(x, 60, 440, 340, "#fffdf7", 8)
        + f'<path d="{lines}" stroke="M" stroke-width="9"/>' + _rect(x + 40, 88, 170, 20, "D")
        + f'<path d="M{x + 300} 370 {x + 470} 200l26 22-170 170-40 12z" fill="A"/>'
    )  # fmt: skip


def _screen(rng: random.Random) -> str:
    bars = "".join(
        _rect(290 + n * 38, 290 - height, 26, height, rng.choice(("M", "A", "D")))
        for n, height in enumerate(rng.sample(range(30, 170, 8), 6))
    )
    return (
        _rect(0, 390, 800, 60, "D") + _rect(220, 70, 360, 250, "K", 18)
        + _rect(236, 86, 328, 218, "L", 8) + bars + _rect(370, 320, 60, 50, "K")
        + _rect(310, 366, 180, 26, "M", 8)
    )  # fmt: skip


def _table(rng: random.Random) -> str:
    plates = "".join(
        f'<ellipse cx="{x}" cy="262" rx="62" ry="16" fill="#fffdf7"/>'
        f'<ellipse cx="{x}" cy="260" rx="36" ry="9" fill="{rng.choice("MLA")}"/>'
        for x in (200, 400, 600)
    )
    return (
        _circle(400, 110, 62, "A") + _rect(396, 0, 8, 60, "K") + _rect(70, 250, 660, 34, "M", 8)
        + plates + _rect(120, 284, 22, 130, "D") + _rect(658, 284, 22, 130, "D")
        + _rect(0, 410, 800, 40, "L")
    )  # fmt: skip


SCENES: dict[str, Scene] = {
    "courtyard": _courtyard, "door": _door, "forest": _forest, "house": _house, "kiosk": _kiosk,
    "letter": _letter, "market": _market, "mountain": _mountain, "screen": _screen,
    "skyline": _skyline, "table": _table, "water": _water, "window": _window,
}  # fmt: skip


def _shape(name: str) -> str:
    fragment = SHAPES[name]
    if name in SECOND_OF_A_PAIR:
        fragment += f'<g transform="{SECOND_OF_A_PAIR[name]}">{fragment}</g>'
    return fragment


def _still_life(name: str, rng: random.Random) -> str:
    x, size = rng.randint(150, 300), rng.uniform(0.95, 1.08)
    return (
        _circle(x + 200 * size, 210, 190, "#fffdf7") + _rect(0, 385, 800, 65, "D")
        + f'<g transform="translate({x} {398 - 333 * size:.0f}) scale({size:.2f})">'
        + _shape(name) + "</g>"
    )  # fmt: skip


def _document(fragment: str, title: str, width: int, height: int, palette: Palette) -> str:
    for letter, colour in zip("BMDLAK", (*palette, INK), strict=True):
        for attribute in ("fill", "stroke"):
            fragment = fragment.replace(f'{attribute}="{letter}"', f'{attribute}="{colour}"')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(title)}</title>'
        f'<rect width="{width}" height="{height}" fill="{palette[0]}"/>{fragment}</svg>\n'
    )


def _seed(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def product_image(handle: str, title: str, product_type: str) -> str:
    """Return the SVG of one product; its handle picks the palette.

    Raises:
        KeyError: The product type has no shape.
    """
    shape = SHAPE_OF_TYPE[product_type]
    shadow = '<ellipse cx="200" cy="330" rx="140" ry="14" fill="D" opacity=".14"/>'
    choice = WARM_PALETTES if shape in WARM_SHAPES else PALETTES
    palette = choice[_seed(handle) % len(choice)]
    return _document(shadow + _shape(shape), title, 400, 400, palette)


def cover_image(name: str, title: str) -> str:
    """Return the SVG of one magazine cover; `mountain-2` is a second view of a mountain.

    Raises:
        KeyError: The name does not begin with a known scene.
    """
    rng = random.Random(_seed(name))  # noqa: S311 - draws pictures, guards nothing
    palette = rng.choice(WARM_PALETTES)
    scene = name.rsplit("-", 1)[0]
    if scene in STILL_LIFES:
        return _document(_still_life(STILL_LIFES[scene], rng), title, 800, 450, palette)
    return _document(SCENES[scene](rng), title, 800, 450, palette)


def images() -> Iterator[tuple[Path, str]]:
    """Yield path and text of every picture the two exports refer to."""
    with (DATA / "shop" / "products.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["Title"]:
                path = DATA / "shop" / "images" / f"{row['Handle']}.svg"
                yield path, product_image(row["Handle"], row["Title"], row["Type"])
    for item in parse(DATA / "magazine" / "posts.xml").iter("item"):
        url = item.findtext(f"{WORDPRESS}attachment_url")
        if url:
            name = Path(url).stem
            title = name.rsplit("-", 1)[0].capitalize()
            yield DATA / "magazine" / "images" / f"{name}.svg", cover_image(name, title)


def main() -> int:
    """Write the pictures, or with --check report those that differ; the exit status says so."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, compare only")
    check: bool = parser.parse_args().check
    wrong = 0
    for path, text in images():
        if len(text.encode()) > MAXIMUM_BYTES:
            print(f"{path.name}: {len(text.encode())} bytes, more than {MAXIMUM_BYTES}")
            wrong += 1
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name}: not what the exports describe")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
