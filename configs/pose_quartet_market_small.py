# Market-1501 on a CPU: a generator of 0.24 GMAC at 64x32 and osnet_x0_25 at 128x64.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/market1501.py",
    "./_base_/models/pose_gan_reid_small.py",
    "./_base_/schedules/short.py",
]
# Another 485 MB: workers would take the cores from the networks.
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(cache="memory"))
test_dataloader = val_dataloader
