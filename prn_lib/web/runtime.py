"""ONNX Runtime Web, which computes a network inside of the page; npm fetches it once.

npm takes exactly what ``page/package-lock.json`` names and checks its digest. A browser loads one
of two builds: for processors (14 MB of WebAssembly), or for graphics cards through WebGPU (27 MB).
"""

import json
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

from prn_lib.common.files import whole_folder
from prn_lib.common.npm import install_locked
from prn_lib.datasets.reading.cache import cache_folder

PACKAGE = "node_modules/onnxruntime-web"
FILES = {  # where npm puts it, and what the page calls it: some servers know no .mjs
    "dist/ort.wasm.bundle.min.mjs": "wasm.js",
    "dist/ort-wasm-simd-threaded.wasm": "wasm.wasm",
    "dist/ort.webgpu.bundle.min.mjs": "webgpu.js",
    "dist/ort-wasm-simd-threaded.asyncify.wasm": "webgpu.wasm",
    "package.json": "package.json",  # its version and licence
}
LISTS = ("package.json", "package-lock.json")


def runtime_folder() -> Path:
    """The folder with ``FILES``, in the cache; fetched if it is not there.

    Raises ImportError if npm is missing, and OSError if it could not fetch.
    """
    place = cache_folder() / "onnxruntime-web" / _version()
    if not place.is_dir():
        _fetch(place)
    return place


def _version() -> str:
    wanted = json.loads(files(__package__).joinpath("page", "package.json").read_text("utf-8"))
    return str(wanted["dependencies"]["onnxruntime-web"])


def _fetch(place: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="prn-") as scratch:
        for name in LISTS:
            listed = files(__package__).joinpath("page", name).read_text("utf-8")
            Path(scratch, name).write_text(listed)
        if not install_locked(Path(scratch)):
            raise OSError(
                "npm could not fetch ONNX Runtime Web (33 MB, see above); is it reachable?"
            )
        with whole_folder(place) as draft:
            for source, name in FILES.items():
                shutil.copyfile(Path(scratch, PACKAGE, source), draft / name)
