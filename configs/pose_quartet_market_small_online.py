# Synthesised people of the generator that pose_quartet_market_small.py trained, frozen.
_base_ = "./pose_quartet_market_small.py"
model = dict(
    mode="online",
    generator_checkpoint="work_dirs/pose_quartet_market_small",
    augment=dict(ratio=0.25, target="cross_camera"),
)
