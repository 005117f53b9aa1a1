import io
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from posegan_plugin.augment import transfer
from posegan_plugin.datasets import PersonDataset
from posegan_plugin.errors import UserError
from posegan_plugin.images import from_uint8
from posegan_plugin.synthesis import SynthesisOptions, make_plan
from posegan_plugin.synthesis.render import render


def planned(dataset, **options):
    options = SynthesisOptions(**{"poses": 3, "format": "png", **options})
    plan = make_plan(dataset, [""] * len(dataset), {n: n for n in range(12)}, options, 3)
    return plan, options


def decoded(image):
    return np.asarray(Image.open(io.BytesIO(image.data)).convert("RGB"))


def test_each_image_is_what_the_generator_makes_of_its_row(dataset, networks):
    plan, options = planned(dataset)
    rows = range(6, 12)
    made = render(rows, plan, dataset, networks, options)
    assert len(made) == 6
    for row, image in zip(rows, made, strict=True):
        source = int(plan.targets.sources[row])
        condition = from_uint8(dataset[source]["image"][None])
        expected = transfer(
            networks.generator,
            condition,
            dataset.keypoints[source][None],
            plan.targets.keypoints[row][None],
            plan.camids[row][None],
        )
        pixels = ((expected[0] + 1) * 127.5).round().permute(1, 2, 0).numpy()
        assert np.abs(decoded(image) - pixels).max() <= 1  # batches round differently
        stored = from_uint8(torch.from_numpy(decoded(image).copy()).permute(2, 0, 1)[None])
        cosine = F.cosine_similarity(networks.describe(condition), networks.describe(stored))
        assert image.similarity == pytest.approx(cosine.item(), abs=1e-6)
        assert image.reason == ""


def test_more_images_of_a_person_than_a_batch_holds(dataset, networks):
    plan, options = planned(dataset, poses=5)
    whole = render(range(5), plan, dataset, networks, options)
    split = render(range(5), plan, dataset, networks, replace(options, batch_size=2))
    for a, b in zip(whole, split, strict=True):
        assert np.abs(decoded(a).astype(int) - decoded(b)).max() <= 1


def test_filters(dataset, networks):
    plan, options = planned(dataset)
    free = render(range(6), plan, dataset, networks, options)
    lowest = min(image.similarity for image in free)
    strict = replace(options, min_similarity=lowest + 1e-4)
    made = render(range(6), plan, dataset, networks, strict)
    assert [i.similarity for i in made] == [i.similarity for i in free]
    assert [i.reason for i in made] == ["identity" * (i.similarity == lowest) for i in free]
    assert [i.data is None for i in made] == [i.similarity == lowest for i in free]
    none = render(range(6), plan, dataset, networks, replace(options, max_similarity=-1.0))
    assert {i.reason for i in none} == {"diversity"}


def test_without_a_reid_network(dataset, other_networks):
    plan, options = planned(dataset)
    made = render(range(3), plan, dataset, other_networks(describe=None), options)
    assert [(i.similarity, i.reason) for i in made] == [(None, "")] * 3


def test_amp_computes_in_bfloat16(dataset, other_networks):
    seen = []
    networks = other_networks()
    networks.generator.paan.register_forward_hook(lambda _, __, out: seen.append(out[0].dtype))
    plan, options = planned(dataset)
    single = render(range(3), plan, dataset, networks, options)
    half = render(range(3), plan, dataset, networks, replace(options, amp=True))
    assert seen == [torch.float32, torch.bfloat16]
    difference = np.abs(decoded(single[0]).astype(int) - decoded(half[0]))
    assert 0 < difference.max() < 16


def test_format_and_quality(dataset, networks):
    plan, options = planned(dataset, format="jpg")
    good = render(range(3), plan, dataset, networks, options)
    poor = render(range(3), plan, dataset, networks, replace(options, quality=10))
    assert Image.open(io.BytesIO(good[0].data)).format == "JPEG"
    assert len(poor[0].data) < len(good[0].data)
    png = render(range(3), plan, dataset, networks, replace(options, format="png"))
    assert np.abs(decoded(png[0]).astype(int) - decoded(good[0])).mean() < 3


def test_another_size(people, keypoints, networks):
    dataset = PersonDataset(people.train, keypoints, (64, 48))
    plan, options = planned(dataset)
    assert decoded(render(range(3), plan, dataset, networks, options)[0]).shape == (64, 48, 3)


def test_values_that_are_no_image(dataset, other_networks):
    networks = other_networks()
    networks.generator.pagn.register_forward_hook(lambda _, __, out: (out[0] * np.nan, out[1]))
    plan, options = planned(dataset)
    with pytest.raises(UserError, match="not finite"):
        render(range(3), plan, dataset, networks, options)


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_source_image_that_breaks_meanwhile(people, keypoints, networks, tmp_path, damage):
    own = [
        p._replace(path=shutil.copy(p.path, tmp_path)) if n == 1 else p
        for n, p in enumerate(people.train)
    ]
    dataset = PersonDataset(own, keypoints, (32, 16))
    plan, options = planned(dataset)
    path = tmp_path / own[1].path
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError) as error:
        render(range(6), plan, dataset, networks, options)
    assert str(path) in str(error.value)
    assert "what has been made stays" in str(error.value)
