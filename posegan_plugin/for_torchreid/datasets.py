"""Any torchreid image data set as lists of people."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable
from pathlib import Path

from posegan_plugin.datasets import Person, ReIDSplits
from posegan_plugin.errors import UserError
from posegan_plugin.folders import is_folder
from posegan_plugin.for_torchreid.patches import look_first
from posegan_plugin.for_torchreid.resolver import torchreid_module


def load_torchreid_dataset(name: str, root: Path | str, **options: object) -> ReIDSplits:
    """Read a data set that torchreid knows, or that the user registered with it.

    Nothing is downloaded: torchreid would fetch a missing data set without asking.

    Args:
        name: Name in torchreid's list of image data sets, for example ``market1501``.
        root: torchreid's ``root``, the folder that holds the data set's own folder.
        **options: Passed to the data set, for example ``split_id``.

    Returns:
        The lists, sorted by path (torchreid's order is that of the file system), with training
        identities as torchreid numbers them.

    Raises:
        UserError: Unknown name, or the data set is not there or not complete.
    """
    table = vars(torchreid_module("data.datasets"))["__image_datasets"]
    if name not in table:
        raise UserError(
            f"dataset {name!r} is neither one of this package's (procedural_people, market_layout, "
            f"image_folder, person_list) nor one of torchreid's: {', '.join(sorted(table))}"
        )
    if not is_folder(root):
        raise UserError(f"data_root {root} is not a folder: put {name} there, or give --data-root")
    dataset = _never_downloading(table[name], name, root)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            loaded = dataset(root=str(root), mode="train", verbose=False, **options)
    except (RuntimeError, FileNotFoundError) as error:
        reason = str(error).strip().rstrip(".")
        raise UserError(
            f"dataset {name!r} under data_root {root} is not complete: {reason}; unpack it there"
        ) from error
    except IndexError as error:  # torchreid looks at the first item of an empty list
        raise UserError(
            f"dataset {name!r} under data_root {root} has an empty train, query or gallery list; "
            "unpack its images there"
        ) from error
    except (AssertionError, AttributeError) as error:  # how torchreid's readers refuse a file name
        raise UserError(
            f"dataset {name!r} under data_root {root} has an image whose name torchreid's reader does "
            f"not accept ({str(error) or 'identity or camera out of range'}); rename or remove it "
            "(for market1501, tools/check_dataset.py lists them all)"
        ) from error
    parts = (loaded.train, loaded.query, loaded.gallery)
    return ReIDSplits(name, *(sorted(persons(items)) for items in parts))


def persons(items: Iterable[tuple]) -> list[Person]:
    """People of a list of (path, pid, camid, ...) as torchreid's data sets have it."""
    return [Person(str(i[0]), int(i[1]), int(i[2])) for i in items]


def _never_downloading(entry: object, name: str, root: Path | str) -> object:
    """The registered class with its download replaced by an error; other callables as they are."""
    if not isinstance(entry, type):
        return entry

    def refuse(self: object, dataset_dir: str, dataset_url: str | None) -> None:
        if not Path(dataset_dir).is_dir():
            raise UserError(
                f"dataset {name!r} is not under data_root {root}: expected the folder {dataset_dir}; "
                "unpack it there or give --data-root"
            )

    changes = {"download_dataset": refuse}
    if issubclass(entry, torchreid_module("data.datasets.image").University1652):
        changes["__init__"] = look_first(entry.__init__)
    return type(entry.__name__, (entry,), changes)
