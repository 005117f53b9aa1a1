# The full-size networks: a generator of 3.3 GMAC at 128x64 and osnet_x1_0 at 256x128.
model = dict(
    type="PoseGANReID",
    mode="joint",  # joint | online | baseline
    num_identities=None,  # from the data set
    num_cameras=None,  # from the data set
    backbone=dict(type="TorchreidBackbone", name="osnet_x1_0", pretrained=False),
    reid=dict(embedding_dim=128, hidden_dim=128, dropout=0.5, descriptor="feature"),
    reid_input=dict(size=(256, 128), crop=0.5, erase=0.0),
    generator=dict(
        type="PoseTransferGenerator",
        image_size=(128, 64),
        channels=128,
        num_blocks=4,
        correspondence="attention",  # None: the paper's generator
        norm="batch",
        deconvolution="resize",
    ),
    condition_on_camera=False,
    appearance_discriminator=dict(type="AppearanceDiscriminator", channels=64, num_layers=4),
    pose_discriminator=dict(type="PoseDiscriminator", channels=64, num_layers=4),
    objective=dict(
        # Section 4 of the paper.
        weights=dict(
            adversarial=5.0, reconstruction=10.0, semantic=10.0, quartet=1.0, identity=1.0
        ),
        adversarial="bce",
        adversarial_ramp=(0.0, 0.0),
        quartet=dict(mining="random"),
        quartet_ramp=(0.0, 0.05),
    ),
    augment=dict(ratio=1.0, target="same_id", label="hard", weight=1.0, warmup=0.0),
    generator_checkpoint=None,  # for mode='online'
    reid_checkpoint=None,  # a trained re-ID network; 'joint' then trains the generator alone
    reid_to_generator=True,
    channels_last=True,  # these two: docs/speed.md
    compile=False,
)
