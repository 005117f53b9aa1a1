# Real people only; everything else as in pose_quartet_msmt17.py.
_base_ = "./pose_quartet_msmt17.py"
model = dict(mode="baseline")
