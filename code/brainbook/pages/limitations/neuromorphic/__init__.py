"""Page limitations/neuromorphic: a transformer block on the cores of a neuromorphic chip."""

from .claims import claims
from .draw import (
    draw_block_energy,
    draw_cores_needed,
    draw_event_codes,
    draw_mesh_hops,
    draw_synaptic_energies,
    draw_weight_sharing,
)
from .measure import (
    Measured,
    measure_codes,
    measure_costs,
    measure_mapping,
    measure_placements,
    measure_sharing,
    measure_unmapped,
)
from .numbers import numbers
from .published import listed, measure_chips, measure_disagreements, measure_energies

__all__ = [
    "Measured",
    "claims",
    "draw_block_energy",
    "draw_cores_needed",
    "draw_event_codes",
    "draw_mesh_hops",
    "draw_synaptic_energies",
    "draw_weight_sharing",
    "listed",
    "measure_chips",
    "measure_codes",
    "measure_costs",
    "measure_disagreements",
    "measure_energies",
    "measure_mapping",
    "measure_placements",
    "measure_sharing",
    "measure_unmapped",
    "numbers",
]
