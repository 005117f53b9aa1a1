# DukeMTMC-reID was withdrawn by its authors over the consent of the people in it. This config is for
# those who hold a copy and may use it; nothing here downloads it. It lies under
# data_root/dukemtmc-reid/DukeMTMC-reID, as torchreid expects it.
_base_ = "./market1501.py"
_keypoints = [
    "dukemtmc-reid/DukeMTMC-reID/duke-annotation-train.csv",
    "dukemtmc-reid/DukeMTMC-reID/duke-annotation-test.csv",
]
_people = dict(source=dict(name="dukemtmcreid"), keypoints=_keypoints)
train_dataloader = dict(dataset=dict(**_people))
val_dataloader = dict(dataset=dict(**_people))
test_dataloader = val_dataloader
