# Real people only; everything else as in pose_quartet_market.py.
_base_ = "./pose_quartet_market.py"
model = dict(mode="baseline")
