# Small networks for a CPU and a short training.
_base_ = "./pose_gan_reid.py"
model = dict(
    backbone=dict(name="osnet_x0_25"),
    reid_input=dict(size=(128, 64)),
    generator=dict(image_size=(64, 32), channels=64),  # 0.21 GMAC
    appearance_discriminator=dict(channels=32, num_layers=3),
    objective=dict(quartet_ramp=(0.1, 0.3)),
    augment=dict(warmup=0.5),
    max_pairs=16,
)
