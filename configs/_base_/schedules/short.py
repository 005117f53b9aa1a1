# For short runs: higher rates than the paper's, constant for the first half, linear to zero after it.
# mmengine is at the end factor one epoch before the end: with 41 it is after the last epoch.
_adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=6e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    reid=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1.5e-3)),
    generator=_adam,
    appearance_discriminator=_adam,
    pose_discriminator=_adam,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=20, end=41, by_epoch=True)
]
train_cfg = dict(type="ResumableEpochLoop", max_epochs=40, val_interval=5)
