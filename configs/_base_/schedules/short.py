# For short runs: higher rates, linear to zero over the second half; the terms that do harm early wait
# (measured on the demo: docs/measurements.md).
_adam = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=6e-4, betas=(0.5, 0.999)))
optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    reid=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1.5e-3)),
    generator=_adam,
    appearance_discriminator=_adam,
    pose_discriminator=_adam,
)
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=20, end=40, by_epoch=True)
]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=40, val_interval=10)
model = dict(
    objective=dict(
        weights=dict(adversarial=0.2),
        adversarial_ramp=(0.7, 0.9),
        semantic_ramp=(0.3, 0.5),
        quartet_ramp=(0.1, 0.3),
    ),
    augment=dict(ratio=0.25, warmup=0.5),
    # Gradients of a re-ID network that knows nobody yet keep the generator from learning.
    reid_to_generator=False,
    max_pairs=16,
)
