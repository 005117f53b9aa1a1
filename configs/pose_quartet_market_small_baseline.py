# Real people only; everything else as in pose_quartet_market_small.py.
_base_ = "./pose_quartet_market_small.py"
model = dict(mode="baseline")
