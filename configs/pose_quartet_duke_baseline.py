# Real people only; everything else as in pose_quartet_duke.py.
_base_ = "./pose_quartet_duke.py"
model = dict(mode="baseline")
