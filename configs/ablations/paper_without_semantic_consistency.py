# Table 3: without L_S.
_base_ = "./paper_4_blocks.py"
model = dict(objective=dict(weights=dict(semantic=0.0)))
