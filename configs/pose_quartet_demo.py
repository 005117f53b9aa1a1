# People that the package renders itself: everything in a few minutes on a laptop CPU.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/procedural_people.py",
    "./_base_/models/pose_gan_reid_small.py",
    "./_base_/schedules/short.py",
]
model = dict(reid_input=dict(size=(64, 32)), generator=dict(channels=48))
