import pytest

from posegan_plugin import UserError
from posegan_plugin.for_mmengine.resume import find_resume


def test_where_to_resume(joint_run, tmp_path):
    assert find_resume(str(tmp_path), "auto") is None
    assert find_resume(str(joint_run.work_dir), "auto") == str(joint_run.checkpoint)
    assert find_resume(str(tmp_path), str(joint_run.checkpoint)) == str(joint_run.checkpoint)
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_9.pth"))
    with pytest.raises(UserError, match="epoch_9"):
        find_resume(str(tmp_path), "auto")
