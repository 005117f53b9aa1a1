# Table 3: 2 blocks of PAAN and PAGN.
_base_ = "./paper_4_blocks.py"
model = dict(generator=dict(num_blocks=2))
