# The complete approach of the paper's table 3: its own generator, without correspondence.
_base_ = "../pose_quartet_market.py"
model = dict(generator=dict(correspondence=None))
