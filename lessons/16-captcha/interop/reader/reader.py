"""How many codes two programs read, by the number of pictures with known digits that they have learned from.

    python3 reader.py [before|now|REVISION] ... [--svg FILE]

`now` is `src/picture.rs` as it stands, `before` the one of the first edition, any other word a revision of git. Needs
cargo and what `requirements.txt` names; `python3 scripts/figures picture` installs that and runs both.

* `segments`: threshold, connected components, one support vector machine for single digits. It has to find where a
  digit begins and ends.
* `windows`: no segmentation. Directions of edges (a histogram of gradients) in a window over the whole height of the
  picture, and a support vector machine for each of the four places, which learns from shifted copies as well.

Both read the same 1,000 pictures that they have not learned from.
"""

import io
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy
from PIL import Image
from scipy import ndimage
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

HERE = Path(__file__).resolve().parent
LESSON = HERE.parents[1]
REPOSITORY = LESSON.parents[1]
TARGET = REPOSITORY / "target" / "figures-reader"
# The last revision with the drawing of the first edition.
BEFORE = "f61fcab9"
SEEN = (200, 500, 1000, 2000)
ASKED = 1000
PLACES = 4


def program(version):
    """Builds what draws the pictures of this version."""
    crate = TARGET / version
    shutil.rmtree(crate, ignore_errors=True)
    crate.mkdir(parents=True)
    for name in ("Cargo.toml", "Cargo.lock"):
        shutil.copy(HERE / name, crate)
    if version == "now":
        shutil.copytree(LESSON / "font", crate / "font")
        (crate / "src").mkdir()
        shutil.copy(LESSON / "src" / "picture.rs", crate / "src")
    else:
        revision = BEFORE if version == "before" else version
        archive = subprocess.run(["git", "archive", revision, "font", "src/picture.rs"], cwd=LESSON,
                                 check=True, stdout=subprocess.PIPE).stdout
        subprocess.run(["tar", "-x", "-C", crate], input=archive, check=True)
    shutil.copy(HERE / "src" / "main.rs", crate / "src")
    subprocess.run(["cargo", "build", "--release", "--locked", "--quiet"], cwd=crate, check=True,
                   env=dict(os.environ, CARGO_TARGET_DIR=str(TARGET / "build")))
    kept = crate / "known-pictures"
    shutil.copy(TARGET / "build" / "release" / "known-pictures", kept)
    return kept


def pictures(drawer, count, seed):
    """Ink from 0 to 1 as an array (picture, row, column), and the codes."""
    stream = io.BytesIO(subprocess.run([drawer, str(count), str(seed)], check=True,
                                       stdout=subprocess.PIPE).stdout)
    inks, codes = [], []
    while code := stream.read(4):
        (length,) = struct.unpack("<I", stream.read(4))
        blue = numpy.asarray(Image.open(io.BytesIO(stream.read(length))).convert("RGB"))[:, :, 2]
        inks.append(1 - blue / 255)
        codes.append([int(chr(digit)) for digit in code])
    return numpy.array(inks, dtype=numpy.float32), numpy.array(codes)


def segments(ink):
    """Four images of single digits, from left to right."""
    # A median takes away what is thinner than a stroke: lines, specks, and the gaps that lines leave in a digit.
    clean = ndimage.median_filter(ink, 3) > 0.4
    labels, count = ndimage.label(clean, numpy.ones((3, 3)))
    boxes = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        part = labels[rows, columns] == number
        if part.sum() > 15:
            boxes.append([rows.start, rows.stop, columns.start, columns.stop, part.sum()])
    # Pieces of one digit lie above each other: they are joined, and the largest four remain.
    boxes.sort(key=lambda box: box[2])
    joined = []
    for box in boxes:
        last = joined[-1] if joined else None
        both = last and min(last[3], box[3]) - max(last[2], box[2])
        if last and both > 0.6 * min(last[3] - last[2], box[3] - box[2]):
            joined[-1] = [min(last[0], box[0]), max(last[1], box[1]), min(last[2], box[2]),
                          max(last[3], box[3]), last[4] + box[4]]
        else:
            joined.append(box)
    joined = sorted(sorted(joined, key=lambda box: -box[4])[:PLACES], key=lambda box: box[2])
    # Digits that touch are one component: the widest is cut where its column has the least ink.
    while 0 < len(joined) < PLACES:
        widest = max(range(len(joined)), key=lambda at: joined[at][3] - joined[at][2])
        top, bottom, left, right, _ = joined[widest]
        parts = max(2, round((right - left) * PLACES / sum(box[3] - box[2] for box in joined)))
        middle, reach = left + (right - left) / parts, max(2, (right - left) // (3 * parts))
        low, high = max(left + 1, int(middle - reach)), min(right - 1, int(middle + reach) + 1)
        cut = low + int(clean[top:bottom, low:max(high, low + 1)].sum(axis=0).argmin())
        joined[widest:widest + 1] = [[top, bottom, left, cut, 0], [top, bottom, cut, right, 0]]
    if not joined:
        return numpy.zeros((PLACES, 24 * 20), dtype=numpy.float32)
    images = []
    for top, bottom, left, right, _ in joined:
        part = Image.fromarray((ink[top:bottom, left:max(right, left + 1)] * 255).astype(numpy.uint8))
        images.append(numpy.asarray(part.resize((20, 24)), dtype=numpy.float32).ravel() / 255)
    return numpy.array(images)


class Segments:
    def learn(self, inks, codes):
        images = numpy.concatenate([segments(ink) for ink in inks])
        self.machine = SVC(C=10, gamma="scale").fit(images, codes.ravel())

    def read(self, inks):
        images = numpy.concatenate([segments(ink) for ink in inks])
        return self.machine.predict(images).reshape(-1, PLACES)


def edges(inks):
    """For each 8 by 8 pixels, how much edge there is in each of 8 directions; 4 pixels from cell to cell."""
    smooth = ndimage.gaussian_filter(inks, (0, 0.7, 0.7))
    down, right = ndimage.sobel(smooth, 1), ndimage.sobel(smooth, 2)
    size, angle = numpy.hypot(down, right), numpy.arctan2(down, right) % (2 * numpy.pi)
    which = (angle * 8 / (2 * numpy.pi)).astype(int) % 8
    cells = []
    for direction in range(8):
        one = ndimage.uniform_filter(numpy.where(which == direction, size, 0), (0, 8, 8))
        cells.append(one[:, 4:-3:4, 4:-3:4])
    return numpy.sqrt(numpy.stack(cells, axis=1).clip(0))


class Windows:
    """Place k is looked for around its mean place, in a window twice as wide as a digit."""
    WIDE = 15

    def window(self, cells, place):
        start = round((cells.shape[3] - self.WIDE) * place / (PLACES - 1))
        return cells[:, :, :, start:start + self.WIDE].reshape(len(cells), -1)

    def learn(self, inks, codes):
        moves = [(0, 0), (0, 2), (0, -2), (2, 0), (-2, 0), (2, 2), (-2, -2), (2, -2), (-2, 2)]
        moves = moves[:max(1, 6000 // len(inks))]
        cells = numpy.concatenate([edges(numpy.roll(inks, move, (1, 2))) for move in moves])
        self.machines = []
        for place in range(PLACES):
            machine = make_pipeline(PCA(150, random_state=1), SVC(C=10))
            machine.fit(self.window(cells, place), numpy.tile(codes[:, place], len(moves)))
            self.machines.append(machine)

    def read(self, inks):
        cells = edges(inks)
        return numpy.stack([machine.predict(self.window(cells, place))
                            for place, machine in enumerate(self.machines)], axis=1)


def curve(version, seen=SEEN):
    """Prints a row for each number of pictures; what it returns is `{reader: [codes of 100, ...]}`."""
    drawer = program(version)
    inks, codes = pictures(drawer, max(seen), 1)
    asked, answers = pictures(drawer, ASKED, 2)
    print(f"{version}: codes read of {ASKED:,}, and single digits in percent")
    print(f"{'pictures seen':>14}{'segments':>10}{'digits':>8}{'windows':>10}{'digits':>8}", flush=True)
    found = {"segments": [], "windows": []}
    for count in seen:
        row = f"{count:>14,}"
        for name, reader in (("segments", Segments()), ("windows", Windows())):
            reader.learn(inks[:count], codes[:count])
            right = reader.read(asked) == answers
            found[name].append(right.all(axis=1).mean() * 100)
            row += f"{right.all(axis=1).sum():>10}{right.mean() * 100:>7.1f}%"
        print(row, flush=True)
    return found


STYLE = """
.p{fill:#fdfcf9;stroke:#dedbd0}.t{fill:#1c2530}.g{stroke:#dedbd0}.before{stroke:#8d5a06;fill:#8d5a06}
.now{stroke:#0a5f66;fill:#0a5f66}polyline{fill:none!important;stroke-width:2.5}.windows{stroke-dasharray:7 5}
text{font-family:"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif;font-size:14px;stroke:none}.e{text-anchor:end}
@media (prefers-color-scheme:dark){.p{fill:#18212a;stroke:#2c3844}.t{fill:#e3e8ec}.g{stroke:#2c3844}
.before{stroke:#f0b072;fill:#f0b072}.now{stroke:#63cdc9;fill:#63cdc9}}
"""


def plot(curves, seen=SEEN):
    """The curves as SVG, 370 pixels wide: `{version: {reader: [codes of 100, ...]}}`."""
    def x(number):
        return 52 + 290 * number / (len(seen) - 1)

    def y(share):
        return 250 - 2.1 * share

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 370 348" width="370" height="348" role="img">',
             "<title>How many codes two programs read, before and after the drawing changed</title>",
             f"<style>{STYLE}</style>", '<rect class="p" x="1" y="1" width="368" height="346" rx="12"/>',
             '<text class="t" x="14" y="24">codes read of 100</text>',
             '<text class="t e" x="356" y="288">pictures with known digits</text>']
    for share in (0, 25, 50, 75, 100):
        parts.append(f'<path class="g" d="M48 {y(share)}H350"/>'
                     f'<text class="t e" x="42" y="{y(share) + 5}">{share}</text>')
    for number, count in enumerate(seen):
        parts.append(f'<text class="t" x="{x(number)}" y="268" text-anchor="middle">{count:,}</text>')
    row = 308
    for version, readers in curves.items():
        for at, (reader, shares) in enumerate(readers.items()):
            points = " ".join(f"{x(number):.0f},{y(share):.1f}" for number, share in enumerate(shares))
            parts.append(f'<g class="{version}"><polyline class="{reader}" points="{points}"/>'
                         f'<polyline class="{reader}" points="{16 + 178 * at},{row - 5} {52 + 178 * at},{row - 5}"/>'
                         f'<text x="{58 + 178 * at}" y="{row}">{version}: {reader}</text></g>')
        row += 26
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    began = time.monotonic()
    words = sys.argv[1:]
    file = words.pop(words.index("--svg") + 1) if "--svg" in words else None
    versions = [word for word in words if word != "--svg"] or ["before", "now"]
    curves = {version: curve(version) for version in versions}
    if file:
        Path(file).write_text(plot(curves))
    print(f"in {time.monotonic() - began:.0f} s")
