"""`mcas population`: a reference population from a table that a statistics office published."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.core import paths
from mcas_assets.core.errors import BadInput
from mcas_assets.core.terminal import say


def population(
    table: Annotated[
        Path, typer.Argument(help="Employed persons by sex and occupation, as downloaded from Eurostat or ILOSTAT.")
    ],
    name: Annotated[str, typer.Option(help="Name of the population, by which audits call it.")],
    place: Annotated[str, typer.Option(help="Code of the country or region in the table: DE, EU27_2020, DEU.")],
    year: Annotated[int | None, typer.Option(help="Year that the numbers describe; by default the newest.")] = None,
    locale: Annotated[
        str | None, typer.Option(help="What mcas audit --population finds it by; by default the code of the place.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="COLUMN=CODE, where the table holds several: age=Y_GE15.")
    ] = None,
    occupations: Annotated[
        Path | None,
        typer.Option(help="Which groups of ISCO-08 stand for which concept, instead of the built-in table."),
    ] = None,
    wider: Annotated[
        bool,
        typer.Option(
            "--wider", help="Give a concept the share of the group above its own where that is not in the table."
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="File to write, by default NAME.csv among the populations of the project.")
    ] = None,
) -> None:
    """Make a reference population of a published table. Nothing is downloaded, and no number is made up.

    Example: mcas population lfsa_egai2d.csv --name de-2023 --place DE --only age=Y_GE15
    """
    from mcas_assets.declare.population_import import population_of, read_occupations
    from mcas_assets.declare.populations import load_population
    from mcas_assets.declare.published_tables import read_table

    chosen = {}
    for one in only or ():
        column, equals, code = one.partition("=")
        if not equals:
            raise BadInput("--only", f"is {one!r}", "Write COLUMN=CODE, for example age=Y_GE15")
        chosen[column] = code
    target = output or _place(name)
    if target.exists():
        raise BadInput(target, "is there already", "Give another --name, or remove it first")
    made = population_of(
        read_table(table, chosen), read_occupations(occupations), place, year, wider=wider, locale=locale
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(made.text, encoding="utf-8")
    load_population(target.stem, target.parent)
    say(f"made {target}: {len(made.concepts)} concepts of {place}, {made.year}: {', '.join(made.concepts)}")
    if made.missing:
        rest = "" if wider else "; --wider gives them the share of the group above"
        say(f"the table lacks the groups of {len(made.missing)} concepts: {', '.join(made.missing)}{rest}", err=True)


def _place(name: str) -> Path:
    if paths.project() is None:
        raise BadInput(
            "mcas population", "is called outside of a project", "Give --output NAME.csv, or make one: mcas init"
        )
    return paths.populations_folder() / f"{name}.csv"
