"""Training images a second, from JPEG files to the network's input, against torchreid's loader."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path

import torch
from harness import measure, parser, report
from torch import Tensor
from torch.utils.data import DataLoader

from posegan_plugin.augment import ReIDInput
from posegan_plugin.datasets import Person, PersonDataset
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.for_mmengine import ReIDDataPreprocessor
from posegan_plugin.for_torchreid.resolver import torchreid_module

SIZE, BATCH, WORKERS = (256, 128), 64, 2
CACHES = (False, "memory", "device")


def write_files(folder: Path, count: int) -> list[Person]:
    """So many JPEG files of 128x64; the pictures of 64 rendered people recur under other names."""
    spec = ProceduralPeopleSpec(num_train_ids=64, num_test_ids=1, num_cameras=2, cameras_per_id=2)
    write_procedural_people(folder / "rendered", spec, progress=False)
    pictures = sorted((folder / "rendered" / "bounding_box_train").glob("*.jpg"))
    people = []
    for number, picture in zip(range(count), cycle(pictures)):
        path = folder / f"{number:05d}.jpg"
        shutil.copyfile(picture, path)
        people.append(Person(str(path), number % 64, number % 2))
    return people


def torchreids(people: list[Person], device: torch.device) -> Callable[[], Tensor]:
    """An epoch of torchreid's training loader with random flip and crop; gives its last batch."""
    data = torchreid_module("data")
    name = f"benchmark_{len(people)}"

    class People(data.ImageDataset):
        def __init__(self, root: str, **options: object) -> None:
            some = [tuple(p) for p in people]
            super().__init__(some, some[:1], some[1:2], **options)

    data.register_image_dataset(name, People)
    with contextlib.redirect_stdout(io.StringIO()):
        manager = data.ImageDataManager(
            sources=name,
            height=SIZE[0],
            width=SIZE[1],
            transforms=["random_flip", "random_crop"],
            batch_size_train=BATCH,
            workers=WORKERS,
            use_gpu=device.type == "cuda",
        )

    def epoch() -> Tensor:
        for batch in manager.train_loader:
            images = batch["img"].to(device, non_blocking=True)
        return images

    return epoch


def ours(people: list[Person], device: torch.device, cache: bool | str) -> Callable[[], Tensor]:
    """An epoch of our loader, flipped and cropped in batches on the device; gives its last batch."""
    dataset = PersonDataset(people, {}, cache=cache, require_keypoints=False)
    workers = 0 if cache else WORKERS
    loader = DataLoader(dataset, BATCH, shuffle=True, drop_last=True, num_workers=workers)
    preprocessor = ReIDDataPreprocessor().to(device)
    prepare = ReIDInput(SIZE, crop=0.5)

    def epoch() -> Tensor:
        for batch in loader:
            images = prepare(preprocessor(batch, training=True).images, augment=True)
        return images

    return epoch


def first_epoch(make: Callable[[], Callable[[], Tensor]]) -> tuple[Callable[[], Tensor], float]:
    """Make a loader and run its first epoch; also the seconds that both took."""
    start = time.perf_counter()
    epoch = make()
    epoch().sum().item()  # waits for the device
    return epoch, time.perf_counter() - start


def main() -> None:
    """Time epochs of all loaders in turn, for several numbers of files."""
    options = parser(__doc__, repeats=3)
    options.add_argument("--sizes", type=int, nargs="+", default=[1024, 4096, 12936])
    args = options.parse_args()
    device = torch.device(args.device)
    rows = []
    for count in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            people = write_files(Path(folder), count)
            makers = {"torchreid": partial(torchreids, people, device)}
            makers |= {str(cache): partial(ours, people, device, cache) for cache in CACHES}
            epochs, first = {}, {}
            for name, make in makers.items():
                epochs[name], first[name] = first_epoch(make)
            assert len({(e().shape, e().device, e().dtype) for e in epochs.values()}) == 1
            timings = measure(epochs, args.repeats, args.device, warmup=0)
        images = count // BATCH * BATCH
        speed = {name: images / t.median for name, t in timings.items()}
        rows += [
            [
                speed[cache] / speed["torchreid"],
                cache,
                f"{count:,}",
                speed[cache],
                speed["torchreid"],
                first[cache],
                first["torchreid"],
                count * 128 * 64 * 3 / 1e6 if cache != "False" else 0,
            ]
            for cache in map(str, CACHES)
        ]
    report(
        "loader",
        "Training images a second, JPEG files of 128x64 to flipped, cropped, normalised 256x128",
        [
            "ours : torchreid",
            "cache",
            "files",
            "ours, images/s",
            "torchreid, images/s",
            "ours, s to the end of the first epoch",
            "torchreid, s",
            "kept, MB",
        ],
        rows,
        args.out,
        args.device,
        [
            f"torchreid and cache=False have {WORKERS} worker processes, a cache needs none. "
            "Without a GPU the device is memory."
        ],
    )


if __name__ == "__main__":
    main()
