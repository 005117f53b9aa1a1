# Market-1501 under data_root/market1501/Market-1501-v15.09.15, as torchreid expects it, with the
# OpenPose key points in the csv files that pose-transfer projects publish.
_keypoints = [
    "market1501/Market-1501-v15.09.15/market-annotation-train.csv",
    "market1501/Market-1501-v15.09.15/market-annotation-test.csv",
]
_people = dict(
    type="ReIDDataset", source=dict(name="market1501"), keypoints=_keypoints, image_size=(128, 64)
)
# Training images are decoded once and kept as bytes, 24.6 kB each: Market-1501 318 MB, DukeMTMC-reID
# 406 MB, MSMT17 802 MB in every process. Where that does not fit: dataset.cache=False num_workers=4.
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    drop_last=True,
    collate_fn=dict(type="default_collate"),
    # From random weights much better than 16 identities x 4 images: docs/reid_accuracy.md.
    sampler=dict(type="PartnerSampler", num_images=48, num_partners=16),
    dataset=dict(**_people, split="train", cache="memory"),
)
val_dataloader = dict(
    batch_size=256,
    num_workers=4,
    persistent_workers=True,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**_people, split="test"),
)
test_dataloader = val_dataloader
