"""Published energies of spiking networks: recomputed, corrected, and set beside second prints."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from opjoules.published import spiking as published

TO_THE_LETTER = (
    "Following the method of its table to the letter gives the printed energy of {network}."
)
STATEMENTS = {  # by family, where the claim on a row says more than that
    "ViT slip": "The energy printed for {network} is that of the smaller ViT-B/16.",
}


@dataclass(frozen=True)
class Reprints:
    """What print leaves open.

    conflicts : networks whose energy is printed twice.
    prices : what the Spikformer table under review charged an operation, by network.
    missing : rows that nobody can recompute, with the spike rate that print would need.
    """

    conflicts: pd.DataFrame
    prices: pd.DataFrame
    missing: pd.DataFrame


def measure_published() -> pd.DataFrame:
    """Page limitations/spiking, figure draw_published: printed rows, recomputed and corrected.

    Columns
    -------
    those of ``opjoules.published.spiking.recompute``, a row a printed network
    statement : what the page claims of the row.
    width, residual_mj, stem_rounding_mj, own_width_mj, width_512_mj : of
        ``first_convolution_charge``, where the table has first convolutions.
    """
    rows, stems = published.recompute(), published.first_convolution_charge()
    stems = stems.rename(columns={"rounding_mj": "stem_rounding_mj"})
    printed = published.published_rows().set_index("network").loc[rows["network"]].reset_index()
    statements = [_statement(row) for row in printed.itertuples()]
    rows.insert(rows.columns.get_loc("source"), "statement", statements)
    return rows.merge(stems.drop(columns="family"), on="network", how="left")


def _statement(row) -> str:
    return STATEMENTS.get(row.family, TO_THE_LETTER).format(network=row.network)


def misses(printed: pd.DataFrame) -> pd.DataFrame:
    """Page limitations/spiking: rows of ``measure_published`` that rounding does not explain.

    Columns: the network, print and recomputation (mJ), their difference and what the last printed
    digits leave open (both in per cent of print), and what to know.
    """
    rows = printed[~printed["met"]]
    return pd.DataFrame(
        {
            "network": rows["network"],
            "printed, mJ": rows["published_mj"],
            "recomputed, mJ": rows["recomputed_mj"],
            "difference, %": 100 * rows["deviation"],
            "rounding, %": 100 * rows["rounding_mj"] / rows["published_mj"],
            "note": rows["note"],
            "source": rows["source"],
        }
    )


def measure_reprints() -> Reprints:
    """Page limitations/spiking: networks printed twice, and rows that lack inputs."""
    return Reprints(published.conflicts(), published.review_price(), published.missing())
