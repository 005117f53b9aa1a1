"""The only modules that import torchreid."""
