# The full-size networks: a generator of 3.3 GMAC at 128x64 and osnet_x1_0 at 256x128.
model = dict(
    type="PoseGANReID",
    mode="joint",  # joint | online | baseline
    num_identities=None,  # from the data set
    num_cameras=None,  # from the data set
    backbone=dict(type="TorchreidBackbone", name="osnet_x1_0", pretrained=False),
    # What came out best in docs/reid_accuracy.md: both losses on the feature itself, erasing, label
    # smoothing. The paper's embedding and classifier are in ablations/paper_4_blocks.py.
    reid=dict(embedding_dim=None, hidden_dim=None, dropout=0.0, descriptor="feature"),
    reid_input=dict(size=(256, 128), crop=0.5, erase=0.5),
    generator=dict(
        type="PoseTransferGenerator",
        image_size=(128, 64),
        channels=128,
        num_blocks=4,
        correspondence="attention",  # None and no part_warp: the paper's generator
        part_warp=True,
        norm="batch",
        deconvolution="resize",
    ),
    condition_on_camera=True,
    appearance_discriminator=dict(type="AppearanceDiscriminator", channels=64, num_layers=4),
    pose_discriminator=None,
    objective=dict(
        label_smoothing=0.1,
        # Measured in docs/generator.md; those of the paper are in ablations/paper_4_blocks.py.
        weights=dict(
            adversarial=0.1,
            reconstruction=10.0,
            structural=4.0,
            semantic=3.0,
            quartet=1.0,
            identity=1.0,
        ),
        adversarial="bce",
        # The terms that do harm early wait.
        adversarial_ramp=(0.7, 0.9),
        semantic_ramp=(0.3, 0.5),
        quartet=dict(mining="random"),
        quartet_ramp=(0.0, 0.05),
    ),
    # Nobody synthesised is in the re-ID network's batches of joint training: they cost it accuracy
    # (docs/reid_accuracy.md). It has the generator for its test; ratio=1.0 is the paper's.
    augment=dict(ratio=0.0, target="same_id", label="same", weight=1.0, warmup=0.0),
    test_poses=2,  # these two: docs/reid_log.md
    test_mirror=True,
    generator_checkpoint=None,  # for mode='online'
    reid_checkpoint=None,  # a trained re-ID network; 'joint' then trains the generator alone
    # Gradients of a re-ID network that knows nobody yet keep the generator from learning.
    reid_to_generator=False,
    channels_last=True,  # these two: docs/speed.md
    compile=False,
)
