# The run whose generator and re-ID network are shipped as `demo`: more people than the demo, longer.
_base_ = "./pose_quartet_demo.py"
data_root = "data/demo_weights"
train_dataloader = dict(dataset=dict(source=dict(num_train_ids=500)))
val_dataloader = dict(dataset=dict(source=dict(num_train_ids=500)))
test_dataloader = val_dataloader
param_scheduler = [
    dict(type="LinearLR", start_factor=1.0, end_factor=0.0, begin=20, end=41, by_epoch=True)
]
train_cfg = dict(max_epochs=40, val_interval=10)
