# Joint training on Market-1501: generator, discriminator and re-ID network together (equation 14), with
# the paper's schedule. With the paper's generator and losses too: ablations/paper_4_blocks.py.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/market1501.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/paper_800e.py",
]
