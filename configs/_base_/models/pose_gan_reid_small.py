# Small networks for a CPU and a short training. The terms that do harm early wait.
_base_ = "./pose_gan_reid.py"
model = dict(
    backbone=dict(name="osnet_x0_25"),
    reid_input=dict(size=(128, 64)),
    generator=dict(image_size=(64, 32), channels=64),  # 0.21 GMAC
    condition_on_camera=True,
    appearance_discriminator=dict(channels=32, num_layers=3),
    pose_discriminator=dict(channels=32, num_layers=3),
    objective=dict(
        weights=dict(adversarial=0.1, semantic=0.5),
        adversarial_ramp=(0.7, 0.9),
        semantic_ramp=(0.3, 0.5),
        quartet_ramp=(0.1, 0.3),
    ),
    augment=dict(ratio=0.25, warmup=0.5),
    # Gradients of a re-ID network that knows nobody yet keep the generator from learning.
    reid_to_generator=False,
    max_pairs=16,
)
