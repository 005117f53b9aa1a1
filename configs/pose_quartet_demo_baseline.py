# Real people only; networks, data and rates as in pose_quartet_demo.py. A step costs a third of a joint
# one, so the baseline gets more of them: about the same time.
_base_ = "./pose_quartet_demo.py"
model = dict(mode="baseline")
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=30, end=61, by_epoch=True)
]
train_cfg = dict(max_epochs=60, val_interval=20)
