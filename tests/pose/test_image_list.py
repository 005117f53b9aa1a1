import os
import sys

import pytest
from PIL import Image

from posegan_plugin.errors import UserError
from posegan_plugin.pose.image_list import list_images


def test_images_in_order_with_names_and_sizes(folder):
    images = folder("b.png", "a.JPG", "cam2/c.bmp", "cam1/d.webp", "cam1/sub/e.jpeg")
    (images / "notes.txt").write_text("no image")
    (images / "folder.png").mkdir()
    Image.new("L", (5, 3)).save(images / "grey.png")
    found = list_images(str(images))
    order = ["a.JPG", "b.png", "cam1/d.webp", "cam1/sub/e.jpeg", "cam2/c.bmp", "grey.png"]
    assert [p.relative_to(images).as_posix() for p in found.paths] == order
    assert found.names == ["a.JPG", "b.png", "d.webp", "e.jpeg", "c.bmp", "grey.png"]
    assert found.sizes == [(12, 8)] * 5 + [(3, 5)]
    assert found.skipped == []


def test_hidden_files_and_folders_are_passed_over(folder):
    images = folder("a.png", ".b.png", ".thumbnails/a.png", "cam/.cache/c.png", root=".data")
    assert list_images(images).names == ["a.png"]


def test_images_that_share_a_name_are_named_with_their_folder(folder):
    images = folder("a.png", "cam1/a.png", "cam2/a.png", "cam2/b.png")
    assert list_images(images).names == ["a.png", "cam1/a.png", "cam2/a.png", "b.png"]


def test_damaged_images(folder):
    images = folder("a.png", "cam1/b.png", "cam2/b.png", "c.png")
    whole = (images / "c.png").read_bytes()
    (images / "cam1/b.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cam1/b\.png cannot be decoded .*--on-error skip"):
        list_images(images)
    found = list_images(images, skip_damaged=True)
    assert found.skipped == [images / "cam1/b.png"]
    # The pose of cam2's b.png must not fit cam1's.
    assert found.names == ["a.png", "c.png", "cam2/b.png"]
    assert len(found.paths) == len(found.sizes) == 3


def test_nothing_to_annotate(folder, tmp_path):
    with pytest.raises(UserError, match="nowhere is not a folder"):
        list_images(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no image"):
        list_images(tmp_path)
    images = folder("a.png")
    (images / "a.png").write_bytes(b"")
    with pytest.raises(UserError, match="none of the 1 images"):
        list_images(images, skip_damaged=True)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("name", [b"a\nb.png", b"\xff.png"])
def test_names_that_cannot_stand_in_a_key_point_file(folder, name):
    images = folder("a.png")
    os.rename(images / "a.png", os.fsencode(images) + b"/" + name)  # noqa: PTH104
    with pytest.raises(UserError, match="rename"):
        list_images(images)
