# People that the package renders into data_root/procedural_people at the first start.
_people = dict(
    type="ReIDDataset",
    source=dict(
        name="procedural_people",
        num_train_ids=200,
        num_test_ids=50,
        num_cameras=6,
        images_per_camera=2,
        cameras_per_id=4,
        height=64,
        width=32,
        seed=0,
    ),
    image_size=(64, 32),
    cache="memory",
)
train_dataloader = dict(
    batch_size=32,
    num_workers=0,
    drop_last=True,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="IdentitySampler", num_identities=8, num_images=4),
    dataset=dict(**_people, split="train"),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=0,
    collate_fn=dict(type="default_collate"),
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(**_people, split="test"),
)
test_dataloader = val_dataloader
