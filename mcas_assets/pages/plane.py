"""A map of a version's images: those whose vectors are alike lie near each other, and the one under the cursor is shown.

Colours say what was asked for. What a labeller says of a picture stands nowhere on it: a place on a map is no label.
"""

import numpy as np
import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import Section, short

MOST = 2000
"""Images of a map: the first ones by digest, which is as good as chance and the same every time."""

SEED = 0
PERPLEXITY = 30
"""About how many neighbours an image is held near to; a third of the images where there are fewer than 91."""

OTHER = "other"


def section(reader: Reader, links: Links, audit: str, version: str) -> Section:
    """The map by the vectors of the first embedder of the panel, coloured by category of prompt.

    Raises:
        NotThere: The audit has no such version.
    """
    reader.require(audit, version)
    given = reader.images(audit, version, outcome="ok").unique("sha256", keep="first", maintain_order=True)
    shown = given.sort("sha256").head(MOST)
    first = reader.embedders(audit, version)[0]
    panel = reader.rows("panel", audit=audit, version=version).row(by_predicate=pl.col("name") == first, named=True)
    vectors = reader.published.vectors(
        panel["dim"], embedder=panel["embedder"], kind="image", contents=shown["sha256"].to_list()
    )
    rows = shown.join(vectors, left_on="sha256", right_on="content", maintain_order="left").with_columns(kind=_kind())
    kinds = rows["kind"].value_counts(sort=True)["kind"].to_list()
    if len(kinds) > len(charts.KINDS):
        kinds = [*kinds[: len(charts.KINDS) - 1], OTHER]
    rows = rows.with_columns(kind=pl.when(pl.col("kind").is_in(kinds)).then("kind").otherwise(pl.lit(OTHER)))
    places = project(rows["vector"].to_numpy())
    drawn = [
        {"x": x, "y": y, "kind": row["kind"], "text": f"{row['prompt']}, seed {row['seed']}",
         "picture": links.picture(row["sha256"], row["path"]),
         "url": links.page("image", audit=audit, version=version, image=row["image_id"])}
        for (x, y), row in zip(places.round(3).tolist(), rows.drop("vector").iter_rows(named=True), strict=True)
    ]  # fmt: skip
    context = {
        "audit": audit, "version": version, "chart": charts.cloud(drawn, kinds), "n": len(rows), "n_all": len(given),
        "embedder": first, "seed": SEED, "perplexity": PERPLEXITY, "up": links.page("version", audit=audit, version=version),
        "counts": rows["kind"].value_counts(sort=True, name="n").to_dicts(),
        "all_images": links.page("images", audit=audit, version=version),
    }  # fmt: skip
    return Section("plane.html", f"Map of the images of {short(version)}", context)


def _kind() -> pl.Expr:
    """What an image was asked for: its role, or of a concept the category."""
    return (
        pl.when(role="attribute").then(pl.lit("attribute images"))
        .when(role="neutral").then(pl.lit("neutral"))
        .otherwise(pl.coalesce("category", pl.lit("concepts")))
    )  # fmt: skip


def project(vectors: np.ndarray) -> np.ndarray:
    """Places on a plane by t-SNE of scikit-learn, from the two first principal components on, seeded by `SEED`.

    Neighbours are alike by cosine; how far groups lie apart, and how large they are, says nothing.

    Args:
        vectors: (n, dim).

    Returns:
        (n, 2), in units without a meaning; one machine gives the same ones every time.
    """
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2))
    from sklearn.manifold import TSNE  # seconds, which no other page waits for

    is_spread = len(np.unique(vectors, axis=0)) > 3  # else there is no plane to begin from
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    plane = TSNE(perplexity=perplexity, init="pca" if is_spread else "random", metric="cosine", random_state=SEED)
    return plane.fit_transform(vectors)
