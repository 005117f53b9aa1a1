# For short runs: higher rates, linear to zero over the second half.
_adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=6e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    reid=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-3)),
    generator=_adam,
    appearance_discriminator=_adam,
    pose_discriminator=_adam,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=10, end=20, by_epoch=True)
]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_interval=5)
