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
    "BERT": "On {input_size} tokens, a length that its table does not print, {network} needs the "
    "printed energy.",
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
    width, residual_mj, rounding_mj, own_width_mj, width_512_mj : of ``first_convolution_charge``,
        where the table has first convolutions.
    """
    rows, stems = published.recompute(), published.first_convolution_charge()
    printed = published.published_rows().set_index("network").loc[rows["network"]].reset_index()
    statements = [_statement(row) for row in printed.itertuples()]
    rows.insert(rows.columns.get_loc("source"), "statement", statements)
    return rows.merge(stems.drop(columns="family"), on="network", how="left")


def _statement(row) -> str:
    return STATEMENTS.get(row.family, TO_THE_LETTER).format(
        network=row.network, input_size=int(row.input_size)
    )


def measure_reprints() -> Reprints:
    """Page limitations/spiking: networks printed twice, and rows that lack inputs."""
    return Reprints(published.conflicts(), published.review_price(), published.missing())
