# As pose_quartet_market.py, on MSMT17.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/msmt17.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/paper_800e.py",
]
