# Section 4 of the paper: Adam at 2e-4 for the first half of 800 epochs, linear to zero in the second.
# mmengine is at the end factor one epoch before the end: with 801 it is after the last epoch.
_adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    reid=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=2e-4)),
    generator=_adam,
    appearance_discriminator=_adam,
    pose_discriminator=_adam,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=400, end=801, by_epoch=True)
]
train_cfg = dict(type="ResumableEpochLoop", max_epochs=800, val_interval=20)
