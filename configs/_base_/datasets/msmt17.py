# MSMT17 under data_root/msmt17/MSMT17_V1 (or _V2), as torchreid expects it. No key points are
# published for it: find them with a pose estimator and write them as the csv files named here.
_base_ = "./market1501.py"
_keypoints = ["msmt17/msmt17-annotation-train.csv", "msmt17/msmt17-annotation-test.csv"]
_people = dict(source=dict(name="msmt17"), keypoints=_keypoints)
train_dataloader = dict(dataset=dict(**_people))
val_dataloader = dict(dataset=dict(**_people))
test_dataloader = val_dataloader
