"""`mcas view` and `mcas report`: what was measured as pages, live or frozen into files."""

from typing import Annotated

import typer

from mcas_assets.core import paths
from mcas_assets.core.terminal import say


def view(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.", min=0, max=65535)] = 3333,
    open: Annotated[bool, typer.Option("--open", help="Open the overview in a browser.")] = False,
) -> None:
    """Show what was measured as pages on this machine: from any number to its images. Reads, and changes nothing."""
    from mcas_assets.servers.pages import serve
    from mcas_assets.store.database import Store

    def ready(address: str) -> None:
        say(f"pages: {address}  (home {paths.home()}; Ctrl+C ends it)", err=True)
        if open:
            import webbrowser

            webbrowser.open(address)

    serve(Store(paths.home()), port, ready)
