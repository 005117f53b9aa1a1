default_scope = "posegan_plugin"
data_root = "data"
work_dir = None  # tools/train.py: work_dirs/<name of the config>
env_cfg = dict(cudnn_benchmark=True, dist_cfg=dict(backend="nccl"))
sync_bn = None  # "torch": batch norm over all processes (GPUs only)
randomness = dict(seed=0)
log_level = "INFO"
log_processor = dict(window_size=20)
visualizer = dict(
    type="Visualizer",
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
)
default_hooks = dict(
    logger=dict(type="LoggerHook", interval=50),
    checkpoint=dict(type="DurableCheckpointHook", interval=1, max_keep_ckpts=2, save_last=True),
    # Here, so that its keys have names: default_hooks.pose_transfer.num_pairs=1000
    pose_transfer=dict(type="PoseTransferHook", num_pairs=400),
)
custom_hooks = [
    dict(type="EpochSeedHook"),
    dict(type="ScheduleHook"),
    dict(type="CheckpointFormatHook"),
    dict(type="LogHistoryHook"),
    dict(type="PoseBankHook"),
    dict(type="RankedListHook"),
    dict(type="CmcHook"),
    dict(type="CollapseHook"),
    dict(type="ProgressBarHook"),
    dict(type="SummaryHook"),
]
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
val_evaluator = dict(type="ReIDMetric", ranks=(1, 5, 10))
test_evaluator = val_evaluator
