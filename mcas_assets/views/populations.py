"""Against which populations shares differ, and whether the answer depends on that choice, in a line for each axis."""

import polars as pl

from mcas_assets.declare.audit import Audit

FEWEST = 5  # concepts that are named


def population_lines(audit: Audit, rows: pl.DataFrame) -> list[str]:
    """In how many concepts a group is shown more or less than each population has it, and where the populations differ in that.

    Args:
        audit: The declaration.
        rows: Rows of `amplification` of one audit and system version; none in homes from before there were any.
    """
    lines = []
    for axis in audit.axes:
        # By the first labels: an embedder of the panel, where there are texts, else what reads pixels.
        of_axis = rows.filter(pl.col("category") != "neutral", axis=axis).drop_nulls("verdict")
        first = of_axis.filter(embedder=audit.embedders[0], labels="zero-shot")
        told = []
        for (population,), part in first.group_by("population", maintain_order=True):
            about = part.row(0, named=True)
            place = f"{about['locale']}, {about['year']}" if about["year"] else about["locale"]
            concepts = part.group_by("concept").agg((pl.col("verdict") != "not shown").any().alias("differs"))
            told.append(f"{population} ({place}) in {concepts['differs'].sum()} of {len(concepts)} concepts")
        if not told:
            continue
        line = f"{axis}: a group is shown more or less than by {'; than by '.join(told)}."
        turned = first.filter("depends_on_population")["concept"].unique(maintain_order=True).to_list()
        if turned:
            more = ", ..." if len(turned) > FEWEST else ""
            line += f" Which population one takes decides it for {len(turned)}: {', '.join(turned[:FEWEST])}{more}."
        lines.append(f"{line} All: mcas sql against-which-population")
    return lines
