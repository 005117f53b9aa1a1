# Market-1501 on a CPU: a generator of 0.21 GMAC at 64x32 and osnet_x0_25 at 128x64.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/market1501.py",
    "./_base_/models/pose_gan_reid_small.py",
    "./_base_/schedules/short.py",
]
# What docs/reid_accuracy.md found best for the toolbox's baseline.
optim_wrapper = dict(reid=dict(optimizer=dict(lr=6e-3, weight_decay=5e-4)))
param_scheduler = [dict(type="CosineAnnealingLR", T_max=40, by_epoch=True)]
# Another 474 MB: workers would take the cores from the networks.
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(cache="memory"))
test_dataloader = val_dataloader
