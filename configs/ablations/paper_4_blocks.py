# The complete approach of the paper's table 3: its own generator, losses and weights (section 4).
# Two things are not the paper's. The quartet loss rises over the first 5 % of the training, as in the
# base: a metric loss at once collapses. L_S compares embeddings scaled to a root mean square of 1:
# nothing else controls their scale.
_base_ = "../pose_quartet_market.py"
model = dict(
    reid=dict(embedding_dim=128, hidden_dim=128, dropout=0.5),
    reid_input=dict(erase=0.0),
    generator=dict(correspondence=None, part_warp=False),
    condition_on_camera=False,
    pose_discriminator=dict(  # in place of None
        _delete_=True, type="PoseDiscriminator", channels=64, num_layers=4
    ),
    objective=dict(
        label_smoothing=0.0,
        weights=dict(
            adversarial=5.0,
            reconstruction=10.0,
            structural=0.0,
            semantic=10.0,
            quartet=1.0,
            identity=1.0,
        ),
        adversarial_ramp=(0.0, 0.0),
        semantic_ramp=(0.0, 0.0),
    ),
    augment=dict(ratio=1.0),
    reid_to_generator=True,
    test_poses=0,
    test_mirror=False,
)
