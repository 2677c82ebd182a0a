"""The learning rules of the page limitations/plausibility, and how each is tried.

Grids of learning rates and all other settings were chosen on other seeds, then frozen.
"""

from __future__ import annotations

from functools import partial

from brainbook.models.learning.eligibility import (
    BackpropagationThroughTime,
    Eprop,
    SymmetricEprop,
    draw_spiking_net,
)
from brainbook.models.learning.equilibrium_propagation import EquilibriumPropagation
from brainbook.models.learning.hebbian import HebbianFeatures
from brainbook.models.learning.predictive_coding import PredictiveCoding
from brainbook.models.learning.rules import (
    Backpropagation,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    KolenPollack,
    ReadoutOnly,
    SignSymmetry,
    draw_net,
)
from brainbook.models.learning.training import Setting

SMALL_WEIGHTS = partial(draw_net, gain=0.3)
ONE_HIDDEN_LAYER = partial(draw_net, widths=(64, 48, 10))
NO_HIDDEN_LAYER = partial(draw_net, widths=(64, 10))
SPIKING_WAY = {"draw": draw_spiking_net, "adam": True, "batch": 64}

SETTINGS = {
    "backpropagation": Setting(Backpropagation(), (0.3, 0.6, 1.2)),
    "sign symmetry": Setting(SignSymmetry(), (0.3, 0.6, 1.2)),
    "Kolen-Pollack": Setting(KolenPollack(), (0.4, 0.8, 1.6)),
    "feedback alignment": Setting(FeedbackAlignment(), (0.2, 0.4, 0.8)),
    "direct feedback alignment": Setting(DirectFeedbackAlignment(), (0.05, 0.1, 0.2)),
    "predictive coding": Setting(PredictiveCoding(precision=0.1), (0.4, 0.8, 1.6)),
    "equilibrium, two-sided": Setting(
        EquilibriumPropagation(), (0.15, 0.3, 0.6), draw=SMALL_WEIGHTS
    ),
    "equilibrium, one-sided": Setting(
        EquilibriumPropagation(symmetric=False), (0.04, 0.08, 0.16), draw=SMALL_WEIGHTS
    ),
    "one-sided, patient": Setting(
        EquilibriumPropagation(symmetric=False, free=40), (0.16,), draw=SMALL_WEIGHTS
    ),
    "Hebbian features": Setting(HebbianFeatures(), (0.2, 0.4, 0.8), draw=ONE_HIDDEN_LAYER),
    "random features": Setting(ReadoutOnly(), (0.6, 1.2, 2.4)),
    "no hidden layer": Setting(ReadoutOnly(), (0.06, 0.12, 0.24), draw=NO_HIDDEN_LAYER),
    "through time": Setting(BackpropagationThroughTime(), (0.004, 0.008, 0.016), **SPIKING_WAY),
    "e-prop, transposes": Setting(SymmetricEprop(), (0.008, 0.016, 0.032), **SPIKING_WAY),
    "e-prop, random": Setting(Eprop(), (0.016, 0.032, 0.064), **SPIKING_WAY),
}
SOURCES = {
    "backpropagation": "rumelhart1986learning",
    "sign symmetry": "liao2016how",
    "Kolen-Pollack": "kolen1994backpropagation",
    "feedback alignment": "lillicrap2016random",
    "direct feedback alignment": "nokland2016direct",
    "predictive coding": "whittington2017approximation",
    "equilibrium, two-sided": "laborieux2021scaling",
    "equilibrium, one-sided": "scellier2017equilibrium",
    "one-sided, patient": "scellier2017equilibrium",
    "Hebbian features": "oja1982simplified",
    "random features": "",
    "no hidden layer": "",
    "through time": "bellec2020solution",
    "e-prop, transposes": "bellec2020solution",
    "e-prop, random": "bellec2020solution",
}
BASELINES = ("random features", "no hidden layer")
SPIKING = ("through time", "e-prop, transposes", "e-prop, random")
# Rules whose way down is no copy of the weights, and rules whose synapses see two neurons only.
UNTIED = ("Kolen-Pollack", "feedback alignment", "direct feedback alignment", "e-prop, random")
LOCAL = (
    "predictive coding",
    "equilibrium, two-sided",
    "equilibrium, one-sided",
    "one-sided, patient",
    "Hebbian features",
)
