"""How long a first and a second reading take, and how much memory 10 000 images need.

Writes photographs of 1024 x 1024 pixels (enlarged mini images) to a scratch folder, reads them at
256 x 256 with an empty cache and again with a full one, then holds 10 000 of them at once.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from prn_lib.common.progress import tqdm
from prn_lib.datasets import mini
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.datasets.sample import Sample

SIZE = 256
HOLD = """
import sys
from pathlib import Path
from prn_lib.datasets.reading.samples import read_samples
from prn_lib.datasets.sample import Sample
def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])
photos = [Sample(path.stem, path) for path in sorted(Path(sys.argv[1]).glob("*.png"))]
photos = (photos * (int(sys.argv[2]) // len(photos) + 1))[: int(sys.argv[2])]
before = status("VmRSS")
tensors = read_samples(photos, int(sys.argv[3]))
print((status("VmHWM") - before) / 1e9)
"""


def main() -> None:
    """Prints seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=300)
    parser.add_argument("--hold", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["PRN_CACHE"] = f"{scratch}/cache"
        photos = [_photo(Path(scratch), i) for i in tqdm(range(options.photos), desc="photos")]
        first, second = (_seconds(photos) for _ in range(2))
        print(f"{len(photos)} images of 1024 x 1024 read at {SIZE} x {SIZE}")
        print(f"first reading   {first:6.2f} s, {len(photos) / first:7.0f} images/s")
        print(f"second reading  {second:6.2f} s, {len(photos) / second:7.0f} images/s")
        print(f"ratio           {first / second:6.1f}")
        if Path("/proc/self/status").exists():
            command = [sys.executable, "-c", HOLD, scratch, str(options.hold), str(SIZE)]
            start = time.perf_counter()
            held = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            seconds = time.perf_counter() - start
            print(f"{options.hold} images held: {held:.2f} GB at most, read in {seconds:.0f} s")


def _photo(folder: Path, index: int) -> Sample:
    image, _, _ = mini.make_image("grain", None, index)
    path = folder / f"{index:04d}.png"
    Image.fromarray(image).resize((1024, 1024), Image.Resampling.BICUBIC).save(path)
    return Sample(path.stem, path)


def _seconds(photos: list[Sample]) -> float:
    start = time.perf_counter()
    read_samples(photos, SIZE)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
