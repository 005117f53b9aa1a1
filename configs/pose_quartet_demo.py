# People that the package renders itself: everything in a few minutes on a laptop CPU.
_base_ = [
    "./_base_/default_runtime.py",
    "./_base_/datasets/procedural_people.py",
    "./_base_/models/pose_gan_reid_small.py",
    "./_base_/schedules/short.py",
]
model = dict(
    reid=dict(embedding_dim=128, hidden_dim=128),
    reid_input=dict(size=(64, 32), erase=0.0),
    generator=dict(channels=48),
    augment=dict(ratio=0.25),  # shows how synthesised people are mixed into batches
    objective=dict(label_smoothing=0.0, quartet_ramp=(0.0, 0.1)),
)
optim_wrapper = dict(reid=dict(optimizer=dict(lr=2e-3)))
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=13, end=27, by_epoch=True)
]
train_cfg = dict(max_epochs=26, val_interval=13)
default_hooks = dict(logger=dict(interval=25))
