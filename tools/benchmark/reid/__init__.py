"""The parts of ``reid_accuracy.py``."""
