"""Textures read from a folder: sizes, colours and files that are no images."""

import pytest
from PIL import Image

from prn_lib.datasets.layouts.dtd import read_textures


def test_textures_of_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no image"):
        read_textures(tmp_path, 32)
    (tmp_path / "dots").mkdir()
    Image.new("L", (90, 40), 200).save(tmp_path / "dots/a.JPG")
    Image.new("RGB", (50, 50), (0, 100, 250)).save(tmp_path / "dots/b.png")
    textures = read_textures(tmp_path, 32)
    assert textures.shape == (2, 3, 32, 32)
    assert (textures[0] == 200).all()
    assert textures[1, :, 5, 5].tolist() == [0, 100, 250]  # RGB
    (tmp_path / "dots/a.JPG").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cannot read image .*a\.JPG"):
        read_textures(tmp_path, 32)
