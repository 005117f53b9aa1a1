# Real people only; everything else as in pose_quartet_demo.py.
_base_ = "./pose_quartet_demo.py"
model = dict(mode="baseline")
