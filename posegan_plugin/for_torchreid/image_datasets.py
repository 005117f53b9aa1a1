"""Data sets that this package adds to torchreid's."""

from __future__ import annotations

from pathlib import Path

from posegan_plugin.datasets import ReIDSplits, read_market_layout
from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.folders import is_folder
from posegan_plugin.for_torchreid.resolver import torchreid_module

SYNTHESISED_FOLDER = "bounding_box_synthesised"


class _Splits(torchreid_module("data").ImageDataset):
    """torchreid's data set of lists of people, sorted by file name."""

    def __init__(self, splits: ReIDSplits, options: dict[str, object]) -> None:
        self.keypoint_files = [str(path) for path in splits.keypoints]
        lists = ([tuple(p) for p in part] for part in (splits.train, splits.query, splits.gallery))
        super().__init__(*lists, **options)


class ProceduralPeople(_Splits):
    """``procedural_people``: people that the package renders itself.

    They lie in ``root/procedural_people`` and are rendered there first if the folder is not there.

    Args:
        root: torchreid's ``root``.
        spec: What to render; ``None`` takes what is there, or else the defaults. To give one,
            register ``functools.partial(ProceduralPeople, spec=...)`` under a name of your own.
        **options: torchreid's options of all data sets.

    Raises:
        UserError: The folder holds something else or cannot be written.
    """

    def __init__(
        self, root: str = "", spec: ProceduralPeopleSpec | None = None, **options: object
    ) -> None:
        folder = Path(root).expanduser().absolute() / "procedural_people"
        if spec is not None or not (folder / "spec.json").is_file():
            write_procedural_people(folder, spec or ProceduralPeopleSpec())
        super().__init__(read_market_layout(folder, "procedural_people"), options)


class AugmentedMarket(_Splits):
    """``augmented_market``: a data set in Market-1501's layout with pre-rendered people.

    ``root/augmented_market`` is what ``tools/synthesize.py`` writes, real and synthesised people in
    Market-1501's folders; or those folders of real people and ``bounding_box_synthesised`` besides,
    whose file names give identity and camera as those of real people do. All are trained on with the
    same identities; as two sources of torchreid they would get different ones.

    Args:
        root: torchreid's ``root``.
        folder: Another folder below ``root``; to give one, register
            ``functools.partial(AugmentedMarket, folder=...)`` under a name of your own.
        **options: torchreid's options of all data sets.

    Raises:
        UserError: A folder is missing or empty, or a file name does not fit.
    """

    _junk_pids = (0, -1)

    def __init__(self, root: str = "", folder: str = "augmented_market", **options: object) -> None:
        path = Path(root).expanduser().absolute() / folder
        further = [SYNTHESISED_FOLDER] if is_folder(path / SYNTHESISED_FOLDER) else []
        super().__init__(read_market_layout(path, folder, further), options)


DATASETS = {"procedural_people": ProceduralPeople, "augmented_market": AugmentedMarket}
