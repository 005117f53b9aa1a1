"""Package metadata of posegan_plugin."""

import re
from pathlib import Path

from setuptools import find_packages, setup

root = Path(__file__).parent
version = re.search(r'__version__ = "(.+)"', (root / "posegan_plugin/__init__.py").read_text())[1]

# The configs lie at the top of the repository and travel inside the package.
config_packages = ["posegan_plugin.configs"]

EXTRAS = {
    # Pose estimation with RTMPose, and the training of a small estimator, whose export fails with
    # protobuf 7 and older onnxscript.
    "pose": ["rtmlib>=0.0.13", "onnxruntime>=1.19", "onnx>=1.17", "onnxscript>=0.7"],
    # LPIPS and FID.
    "scores": ["torchmetrics>=1.4", "torch-fidelity>=0.4"],
}

setup(
    name="posegan_plugin",
    version=version,
    description="Person re-identification trained on people in poses the cameras never saw",
    long_description=(root / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    python_requires=">=3.10,<3.14",
    packages=[*find_packages(include=["posegan_plugin*"]), *config_packages],
    package_dir={"posegan_plugin.configs": "configs"},
    package_data={
        "posegan_plugin": ["weights/*.safetensors"],
        "posegan_plugin.report": ["templates/*"],
        "posegan_plugin.configs": ["**/*.py", "**/*.yaml"],
    },
    # .ci/versions runs the tests at these lower bounds: each needs one that exists, to the digit.
    install_requires=[
        "torch>=2.6",
        "torchvision>=0.21",
        "torchreid>=0.2.5",
        "mmengine>=0.10.7",
        "numpy>=2.0",
        "opencv-python>=4.10.0.84",
        "pillow>=10.3",
        "pyyaml>=6.0.1",
        "safetensors>=0.4.5",
        "jinja2>=3.1",
        "matplotlib>=3.9",
        "tqdm>=4.66",
        # torchreid imports these and mmengine needs setuptools, but neither declares them.
        "gdown>=5",
        "scipy>=1.13",
        "tensorboard>=2.18",
        "setuptools>=68",
    ],
    extras_require={
        **EXTRAS,
        "test": [
            *EXTRAS["pose"],
            *EXTRAS["scores"],
            "pytest>=8",
            "hypothesis>=6.100",
            "ruff>=0.12",
            "scikit-image>=0.24",
        ],
    },
    classifiers=[
        "License :: OSI Approved :: MIT License",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
)
