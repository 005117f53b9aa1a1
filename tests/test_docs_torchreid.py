"""Scripts and commands of docs/torchreid.md, run as printed on tiny data."""

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("torchreid")

from posegan_plugin.datasets.procedural import ProceduralPeopleSpec, write_procedural_people
from posegan_plugin.for_torchreid.resolver import torchreid_module

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "torchreid.md").read_text()
SCRIPTS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    line for b in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in b.split("\n")
]
COMMANDS = [line for line in COMMANDS if line]
# Every command gets these behind it, to end soon.
QUICK = (
    "use_gpu False data.workers 0 data.height 32 data.width 16 train.batch_size 8 train.max_epoch 1"
)
QUICK_NETWORKS = (
    "posegan.generator.image_size [32,16] posegan.generator.channels 8 "
    "posegan.generator.num_blocks 2 posegan.appearance_discriminator.channels 4 "
    "posegan.pose_discriminator.channels 4 posegan.appearance_discriminator.num_layers 2 "
    "posegan.pose_discriminator.num_layers 2"
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the configs and tiny data, in which the page is gone through."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "configs").symlink_to(ROOT / "configs")
    spec = ProceduralPeopleSpec(
        num_train_ids=8, num_test_ids=26, num_cameras=2, cameras_per_id=2, height=32, width=16
    )
    for name in ("market1501/Market-1501-v15.09.15", "procedural_people"):
        write_procedural_people(folder / "data" / name, spec, progress=False)
    return folder


@pytest.fixture(scope="module")
def follow(place):
    """Runs the page's commands, once each, in order."""
    spec = importlib.util.spec_from_file_location("tool", ROOT / "tools" / "train_torchreid.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    done = {}

    def follow(command):
        if command not in done:
            python, file, *line = shlex.split(command)
            assert (python, file) == ("python", "tools/train_torchreid.py")
            model = "posegan_osnet_x0_25" if "pose_quartet_market" in command else "osnet_x0_25"
            quick = f"{QUICK} model.name {model}"
            if "/pose_" in command:
                quick += f" {QUICK_NETWORKS}"
            if "quartet_market" in command:
                quick += " posegan.num_partners 2"
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(place)
                done[command] = tool.train(tool.parse_args([*line, *quick.split()]))
        return done[command]

    return follow


def test_the_page_has_what_it_promises():
    assert len(SCRIPTS) == 4
    assert len(COMMANDS) == 7
    assert [line[-1] for line in SCRIPTS[0].splitlines() if "  # " in line] == ["1", "2", "3"]


@pytest.mark.parametrize("number", range(len(COMMANDS)))
def test_command(follow, place, number):
    if "model.resume" in COMMANDS[number] or "model.load_weights" in COMMANDS[number]:
        follow(COMMANDS[number - 1])
    if "pose_online" in COMMANDS[number]:
        follow(COMMANDS[0])
    engine = follow(COMMANDS[number])
    (name,) = re.findall(r"torchreid/(\w+)\.yaml", COMMANDS[number])
    assert len(engine.scores) == 1
    assert list((place / "log" / name).glob("*/model.pth.tar-1"))
    if "visrank" in COMMANDS[number]:
        assert list((place / "log" / name).glob("visrank_market1501/*.jpg"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_script(follow, place, script, monkeypatch):
    follow(COMMANDS[0])
    monkeypatch.chdir(place)
    engine = torchreid_module("engine").Engine
    run, runs = engine.run, []

    def short(self, save_dir, max_epoch, start_epoch=0, **options):
        first = 1 if start_epoch else 0
        runs.append(first)
        run(self, save_dir=save_dir, max_epoch=first + 1, start_epoch=start_epoch, **options)

    monkeypatch.setattr(engine, "run", short)
    exec(compile(script, "docs/torchreid.md", "exec"), {"__name__": "__main__"})
    folder = re.findall(r'save_dir="(.*?)"', script)[-1]
    written = sorted(p.name for p in (place / folder).glob("*/model.pth.tar-*"))
    assert written == [f"model.pth.tar-{n + 1}" for n in runs]
