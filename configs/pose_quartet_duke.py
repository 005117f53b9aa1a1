# As pose_quartet_market.py, on DukeMTMC-reID (withdrawn by its authors: read
# _base_/datasets/dukemtmcreid.py).
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/dukemtmcreid.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/paper_800e.py",
]
