# Market-1501 on a CPU: a generator of 0.24 GMAC at 64x32 and osnet_x0_25 at 128x64.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/market1501.py",
    "./_base_/models/pose_gan_reid.py",
    "./_base_/schedules/short.py",
]
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(cache=True))
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(cache=True))
test_dataloader = val_dataloader
model = dict(
    backbone=dict(name="osnet_x0_25"),
    reid_input=dict(size=(128, 64)),
    generator=dict(image_size=(64, 32), channels=64),
    condition_on_camera=True,
    appearance_discriminator=dict(channels=32, num_layers=3),
    pose_discriminator=dict(channels=32, num_layers=3),
)
