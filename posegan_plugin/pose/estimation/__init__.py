"""Networks that find the 18 joints of people on images."""

from posegan_plugin.pose.estimation.base import PoseEstimator
from posegan_plugin.pose.estimation.build import BACKENDS, DEFAULT_THRESHOLDS, build_estimator

__all__ = ["BACKENDS", "DEFAULT_THRESHOLDS", "PoseEstimator", "build_estimator"]
