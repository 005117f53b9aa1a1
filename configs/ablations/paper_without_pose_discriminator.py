# Table 3: without D_P.
_base_ = "./paper_4_blocks.py"
model = dict(pose_discriminator=None)
