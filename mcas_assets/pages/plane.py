"""A map of a version's images: those whose vectors are alike lie near each other, and the one under the cursor is shown."""

import numpy as np
import polars as pl

from mcas_assets.pages import charts
from mcas_assets.pages.links import Links
from mcas_assets.pages.reader import Reader
from mcas_assets.pages.site import Section, short

MOST = 2000
"""Images of a map: the first ones by digest, which is as good as chance and the same every time."""


def section(reader: Reader, links: Links, audit: str, version: str, axis: str) -> Section:
    """The map by the vectors of the first embedder, coloured by what the first labeller of an axis says.

    The plane is that of the two first principal components: no number of it depends on chance, and distances in it are
    never larger than those between the vectors.

    Raises:
        NotThere: The audit has no such version or axis.
    """
    reader.require(audit, version)
    poles = reader.require_axis(audit, axis)
    given = reader.images(audit, version, axis, outcome="ok").unique("sha256", keep="first", maintain_order=True)
    shown = given.sort("sha256").head(MOST)
    panel = reader.rows("panel", audit=audit, version=version)
    names, order = panel["name"].to_list(), reader.embedders(audit, version)
    first = panel.row(next(i for i, name in enumerate(names) if name == order[0]), named=True)
    vectors = reader.published.vectors(
        first["dim"], embedder=first["embedder"], kind="image", contents=shown["sha256"].to_list()
    )
    rows = shown.join(vectors, left_on="sha256", right_on="content", maintain_order="left")
    places, explained = project(np.stack(rows["vector"].to_list()))
    kinds = [*reader.groups(audit, version, axis), "none"]
    drawn = [
        {"x": x, "y": y, "kind": row["label"] if row["label"] in kinds else "none", "text": f"{row['prompt']}, seed {row['seed']}",
         "picture": links.picture(row["sha256"], row["path"]),
         "url": links.page("image", audit=audit, version=version, image=row["image_id"])}
        for (x, y), row in zip(places.round(4).tolist(), rows.drop("vector").iter_rows(named=True), strict=True)
    ]  # fmt: skip
    context = {
        "audit": audit, "version": version, "axis": axis, "poles": poles, "chart": charts.cloud(drawn, kinds), "n": len(rows),
        "n_all": len(given), "embedder": first["name"], "explained": explained,
        "up": links.page("version", audit=audit, version=version),
        "counts": rows.with_columns(pl.col("label").fill_null("none")).group_by("label").len("n").sort("label").to_dicts(),
        "all_images": links.page("images", audit=audit, version=version, axis=axis),
        "other_axes": [
            (name, links.page("map", audit=audit, version=version, axis=name)) for name in reader.poles(audit) if name != axis
        ],
    }  # fmt: skip
    return Section("plane.html", f"Map of the images of {short(version)}", context)


def project(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """The two first principal components of vectors, by a singular value decomposition.

    Args:
        vectors: (n, dim).

    Returns:
        (n, 2), signs chosen so that the largest coordinate of each axis is positive; and the share of the variance that the
        plane holds, 0 to 1.
    """
    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    k = min(2, len(sizes))
    places[:, :k] = left[:, :k] * sizes[:k]
    largest = places[np.abs(places).argmax(axis=0), [0, 1]]
    total = float((sizes**2).sum())
    return places * np.where(largest < 0, -1.0, 1.0), float((sizes[:k] ** 2).sum()) / total if total else 0.0
