# People that the package renders itself: everything in a few minutes on a laptop CPU.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/procedural_people.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/short.py",
]
model = dict(
    backbone=dict(name="osnet_x0_25"),
    reid_input=dict(size=(64, 32)),
    generator=dict(image_size=(64, 32), channels=48),
    condition_on_camera=True,
    appearance_discriminator=dict(channels=32, num_layers=3),
    pose_discriminator=dict(channels=32, num_layers=3),
)
