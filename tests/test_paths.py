import re
from pathlib import Path

import pytest

import posegan_plugin
from posegan_plugin import UserError, config_path


def test_config_of_the_checkout():
    path = Path(config_path("pose_quartet_market.py"))
    assert path.is_absolute()
    assert path.is_file()
    assert path.name == "pose_quartet_market.py"


def test_empty_name_is_the_folder():
    folder = Path(config_path())
    assert folder.is_dir()
    assert (folder / "_base_" / "default_runtime.py").is_file()


def test_unknown_name_lists_the_leaves():
    with pytest.raises(UserError) as error:
        config_path("pose_quartet_marked.py")
    message = str(error.value)
    assert message.startswith("there is no config 'pose_quartet_marked.py'")
    listed = re.split(r"choose one of: ", message)[1].split(", ")
    assert "pose_quartet_market.py" in listed
    assert listed == sorted(listed)
    assert all(Path(config_path(name)).is_file() for name in listed)
    assert not any("_base_" in name for name in listed)


def test_installed_package_has_its_own_configs(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "posegan_plugin"
    (package / "configs").mkdir(parents=True)
    (package / "configs" / "mine.py").touch()
    module = "posegan_plugin.paths.__file__"
    monkeypatch.setattr(module, str(package / "paths.py"))
    assert config_path("mine.py") == str((package / "configs" / "mine.py").resolve())
    with pytest.raises(UserError, match=r"choose one of: mine\.py$"):
        config_path("pose_quartet_market.py")


def test_public_names():
    assert posegan_plugin.config_path is config_path
    assert issubclass(UserError, Exception)
