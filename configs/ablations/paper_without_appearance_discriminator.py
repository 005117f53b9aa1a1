# Table 3: without D_I.
_base_ = "./paper_4_blocks.py"
model = dict(appearance_discriminator=None)
