"""The parts of ``image_quality.py``."""
