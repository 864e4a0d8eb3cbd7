"""`mcas view` and `mcas report`: what was measured as pages, live or frozen into files."""

from pathlib import Path
from typing import Annotated

import typer

from mcas_assets.core import paths
from mcas_assets.core.extras import require_extra
from mcas_assets.core.terminal import say


def view(
    port: Annotated[
        int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)
    ] = paths.PAGES_PORT,
    open: Annotated[bool, typer.Option("--open", help="Open the overview in a browser.")] = False,
) -> None:
    """Show what was measured as pages on this machine: from any number to its images. Reads, and changes nothing.

    Example: mcas view --open
    """
    require_extra("view", "mcas view")
    from mcas_assets.servers.pages import serve
    from mcas_assets.store.database import Store

    def ready(address: str) -> None:
        say(f"pages: {address}  (home {paths.home()}; Ctrl+C ends it)", err=True, always=True)
        if open:
            import webbrowser

            webbrowser.open(address)

    serve(Store(paths.home()), port, ready)


def report(
    out: Annotated[Path, typer.Option(help="Folder to make, or with --single-file the file.")],
    version: Annotated[
        str, typer.Argument(help="System version, its beginning, or a system's name; by default the newest.")
    ] = "",
    after: Annotated[str, typer.Argument(help="A later version: reports the comparison of the two.")] = "",
    audit: Annotated[str, typer.Option(help="Name of the audit; by default that of the newest scores.")] = "",
    single_file: Annotated[bool, typer.Option("--single-file", help="Write one file that holds everything.")] = False,
) -> None:
    """Write the pages of a version, or of a comparison, as files that open from disk without network.

    Example: mcas report phantom-stereotyped --out report
    """
    require_extra("view", "mcas report")
    from mcas_assets.pages import freeze
    from mcas_assets.pages.concept import Detail
    from mcas_assets.pages.reader import Reader
    from mcas_assets.store.database import Store
    from mcas_assets.store.reading import Published

    reader = Reader(Published(Store(paths.home())))
    name = audit or reader.newest_audit()
    of = reader.resolve(name, version)
    if after:
        pages = freeze.comparison_pages(reader, name, of, reader.resolve(name, after), with_all_pairs=not single_file)
    elif single_file:
        detail = Detail(freeze.MOST_IN_A_FILE, with_rows=False, with_poles=False)
        pages = freeze.version_pages(reader, name, of, detail)
    else:
        pages = freeze.version_pages(reader, name, of, Detail(freeze.MOST_IN_A_FOLDER))
    first = freeze.write_file(reader, pages, out) if single_file else freeze.write_folder(reader, pages, out)[0]
    say(f"open {first}")
