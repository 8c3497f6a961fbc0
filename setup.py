"""Metadata, and the mapping of the folder kernels/ to the package tinyconv.kernels."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (HERE / "tinyconv/_version.py").read_text())[1]

VIZ = ["matplotlib>=3.10"]
CUDA = ["cupy-cuda13x>=14", "nvidia-cuda-nvrtc-cu12>=12.9"]  # both work without a GPU; NVRTC 13 has lost sm_70
DOCS = [*VIZ, "sphinx>=8", "myst-nb>=1.1", "furo>=2024.8", "sphinx-copybutton>=0.5"]  # the site
DOCS += ["nbformat>=5.10", "nbclient>=0.10", "ipykernel>=6.29"]  # the course's notebooks
TEST = ["pytest>=8", "pytest-xdist>=3.6", "pytest-timeout>=2.3", "setuptools>=77", *VIZ]

setup(
    name="tinyconv",
    version=VERSION,
    description="A from-scratch convolutional-network engine to read, step through, and train with",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="tinyconv contributors",
    license_expression="MIT AND CC-BY-SA-3.0",  # the code; MNIST's pictures
    license_files=["LICENSE"],
    keywords=["neural network", "autograd", "convolution", "CNN", "teaching", "NumPy", "Numba"],
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Typing :: Typed",
    ],
    python_requires=">=3.10",
    install_requires=[
        "numpy>=2.0",
        "numba>=0.63",
        "llvmlite>=0.46",
        "safetensors>=0.5",
        "threadpoolctl>=3.5",
        "rich>=13",
        "pillow>=11",
        "pooch>=1.8",
        "tomli>=2; python_version < '3.11'",
    ],
    extras_require={
        "viz": VIZ,
        "cuda12": ["cupy-cuda12x[ctk]>=14"],  # with NVRTC and cuBLAS: a driver is all that a machine needs
        "cuda13": ["cupy-cuda13x[ctk]>=14"],
        "tensorboard": ["tensorboard>=2.20"],
        "docs": DOCS,
        "test": TEST,
        "dev": [*TEST, "tensorboard>=2.20", "ruff>=0.17", "mypy>=1.15", "build>=1.2", "onnx>=1.19", *CUDA, *DOCS],
    },
    packages=[*find_packages(include=["tinyconv", "tinyconv.*"]), "tinyconv.kernels"],
    package_dir={"tinyconv": "tinyconv", "tinyconv.kernels": "kernels"},
    package_data={"tinyconv": ["py.typed", "*.pyi", "data/mnist/*.gz", "page/assets/*"], "tinyconv.kernels": ["*.cu"]},
    entry_points={"console_scripts": ["tinyconv = tinyconv.cli:main"]},
)
