"""Which joule may stand against which: comparisons computed with their units, and refused ones.

Every comparison here converts both sides to one unit with :mod:`opjoules.units`, which
refuses a power against an energy, or joules per token against joules per query.
"""

from __future__ import annotations

import pandas as pd

from brainbook.evidence import facts
from opjoules.brain.budget import brain_constant
from opjoules.published.transformers import inference_energies, training_runs
from opjoules.units import convert

REFUSED = (
    ("watt", "megawatt_hour", "the power of a brain as the energy of a training run"),
    ("watt_hour / query", "joule / token", "a query as a token"),
    ("joule / token", "joule / inference", "a token as an inference"),
    ("megawatt_hour", "joule / query", "a training run as a query"),
    ("watt", "joule / spike", "a power as the cost of a spike"),
    ("joule / operation", "watt", "the cost of an operation as a power"),
)


def refused() -> pd.DataFrame:
    """Conversions that are category errors: ``given``, ``asked``, ``mistake``, ``refused``."""
    rows = []
    for unit, to, mistake in REFUSED:
        try:
            convert(1.0, unit, to)
        except ValueError:
            rows.append((unit, to, mistake, True))
        else:
            rows.append((unit, to, mistake, False))
    return pd.DataFrame(rows, columns=["given", "asked", "mistake", "refused"])


def lifetime_mwh(watts: float, years: float) -> float:
    """Energy of a constant power over some years, MWh.

    Raises
    ------
    ValueError : a power or a time that is not positive.
    """
    if watts <= 0 or years <= 0:
        raise ValueError(f"watts, years: got {watts}, {years}; both must be positive")
    seconds = convert(years, "julian_year", "second")
    return convert(watts * seconds, "joule", "megawatt_hour")


def words_per_minute() -> float:
    """Silent reading of English prose by adults, a mean over studies."""
    return facts.value("astrocyte_dynamics.csv", "reading_words_per_minute")


def measure_comparisons(years: float) -> pd.DataFrame:
    """Page limitations/energy: comparisons of an energy with an energy that are sound.

    Columns
    -------
    machine, machine_joules, brain, brain_joules : what stands on either side, and J.
    ratio : machine over brain.
    leaves_out, source : what neither side contains, and keys of the bibliography.
    """
    run = training_runs().set_index("model").loc["GPT-3"]
    value = inference_energies().set_index(["per", "system"])["value"]
    train = convert(run["mwh"], "megawatt_hour", "joule")
    whole, cortex = (
        convert(lifetime_mwh(brain_constant(key), years), "megawatt_hour", "joule")
        for key in ("brain_power", "cortex_computation")
    )
    minute = convert(brain_constant("brain_power"), "watt", "joule / minute")
    span = f"{years:g} years"
    rows = [
        {
            "machine": "one final training run of GPT-3, servers and data centre",
            "machine_joules": train,
            "brain": f"a whole brain, {span}",
            "brain_joules": whole,
            "leaves_out": "trials before the run, making the chips; body, teachers, evolution",
            "source": "patterson2021carbon balasubramanian2021brain",
        },
        {
            "machine": "the same run",
            "machine_joules": train,
            "brain": f"computation in cortex alone, as ATP, {span}",
            "brain_joules": cortex,
            "leaves_out": "as above, and the rest of the brain, without which cortex computes "
            "nothing",
            "source": "patterson2021carbon levy2021communication",
        },
        {
            "machine": "one median prompt to Gemini, full count",
            "machine_joules": value["query", "Gemini, full count"],
            "brain": "a whole brain, one minute",
            "brain_joules": minute,
            "leaves_out": "the user's device and network; what the brain did in that minute",
            "source": "elsworth2025measuring balasubramanian2021brain",
        },
        {
            "machine": "one token written by LLaMA-65B, chips only",
            "machine_joules": value["token", "LLaMA-65B"],
            "brain": "a whole brain while it reads one word",
            "brain_joules": minute / words_per_minute(),
            "leaves_out": "servers and cooling; writing is not reading, and a token is not a word",
            "source": "samsi2023words brysbaert2019many",
        },
    ]
    table = pd.DataFrame(rows)
    table.insert(4, "ratio", table["machine_joules"] / table["brain_joules"])
    return table
