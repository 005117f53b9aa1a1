"""What happens around the training steps."""

from posegan_plugin.for_mmengine.hooks.checkpoint_format import CheckpointFormatHook
from posegan_plugin.for_mmengine.hooks.cmc import CmcHook
from posegan_plugin.for_mmengine.hooks.collapse import CollapseHook
from posegan_plugin.for_mmengine.hooks.durable_checkpoint import DurableCheckpointHook
from posegan_plugin.for_mmengine.hooks.epoch_seed import EpochSeedHook
from posegan_plugin.for_mmengine.hooks.log_history import LogHistoryHook
from posegan_plugin.for_mmengine.hooks.pose_bank import PoseBankHook
from posegan_plugin.for_mmengine.hooks.pose_transfer import PoseTransferHook
from posegan_plugin.for_mmengine.hooks.progress_bar import ProgressBarHook
from posegan_plugin.for_mmengine.hooks.ranked_lists import RankedListHook
from posegan_plugin.for_mmengine.hooks.schedule import ScheduleHook
from posegan_plugin.for_mmengine.hooks.summary import SummaryHook

__all__ = [
    "CheckpointFormatHook",
    "CmcHook",
    "CollapseHook",
    "DurableCheckpointHook",
    "EpochSeedHook",
    "LogHistoryHook",
    "PoseBankHook",
    "PoseTransferHook",
    "ProgressBarHook",
    "RankedListHook",
    "ScheduleHook",
    "SummaryHook",
]
