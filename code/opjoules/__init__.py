"""Operations → joules: counting, hardware costs with sources and ranges, published rows.

Start with ``energy_report(model, batch)``. What it does is also there step by step:
``count_operations`` counts, ``estimate`` prices, ``profiles`` and ``profile`` name the hardware,
``disagreements`` shows where its sources differ. ``compare_schemes`` prices one count by every
accounting scheme. ``spiking_transformer`` and its like give the count of an architecture from
its definition.
"""

from .architectures.counts import from_rates
from .architectures.hierarchical import qkformer, swin_transformer
from .architectures.text import text_transformer
from .architectures.transformers import (
    residual_network,
    spiking_transformer,
    vision_transformer,
)
from .counting.operations import count_operations
from .hardware.catalogue import Cost, Profile, profile, profiles
from .hardware.chips import disagreements
from .pricing.estimate import Estimate, Joules, estimate
from .pricing.schemes import compare_models, compare_schemes
from .report import EnergyReport, energy_report

__all__ = [
    "Cost",
    "EnergyReport",
    "Estimate",
    "Joules",
    "Profile",
    "compare_models",
    "compare_schemes",
    "count_operations",
    "disagreements",
    "energy_report",
    "estimate",
    "from_rates",
    "profile",
    "profiles",
    "qkformer",
    "residual_network",
    "spiking_transformer",
    "swin_transformer",
    "text_transformer",
    "vision_transformer",
]
