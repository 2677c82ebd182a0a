"""Operations → joules: counting, hardware costs with sources and ranges, published rows.

Start with ``energy_report(model, batch)``. What it does is also there step by step:
``count_operations`` counts, ``estimate`` prices, ``profiles`` and ``profile`` name the hardware.
"""

from .costs import Cost, Profile, profile, profiles
from .estimate import Estimate, Joules, estimate
from .networks import from_rates, residual_network, spiking_transformer, vision_transformer
from .operations import count_operations
from .report import EnergyReport, energy_report

__all__ = [
    "Cost", "EnergyReport", "Estimate", "Joules", "Profile", "count_operations", "energy_report",
    "estimate", "from_rates", "profile", "profiles", "residual_network", "spiking_transformer",
    "vision_transformer",
]  # fmt: skip
