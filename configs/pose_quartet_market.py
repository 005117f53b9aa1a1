# The paper's job on Market-1501: generator, discriminators and re-ID network together.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/market1501.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/paper_800e.py",
]
