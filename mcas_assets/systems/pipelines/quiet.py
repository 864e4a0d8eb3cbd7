"""Loading a model without progress bars and notices, but hearing what the libraries only warn of."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

log = logging.getLogger(__name__)

# diffusers and transformers fill in at random what a weights file lacks, leave out what fits nowhere, and go on with a warning.
_MADE_UP = ("newly initialized", "led to unexpected keys", "led to missing keys")


class _Listener(logging.Handler):
    """Keeps the complaints that matter, and passes on the rest to those who ask for it."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        log.debug("%s: %s", record.name, text)
        if any(words in text for words in _MADE_UP):
            self._heard.append(text[:300])


@contextmanager
def quiet_loading() -> Generator[list[str]]:
    """Hides progress bars and notices of diffusers and transformers.

    Yields:
        A list to which is added every complaint that weights were missing and were made up.
    """
    import diffusers.utils.logging as diffusers_logging
    import transformers.utils.logging as transformers_logging

    libraries = {"diffusers": diffusers_logging, "transformers": transformers_logging}
    before = {name: (library.get_verbosity(), library.is_progress_bar_enabled()) for name, library in libraries.items()}
    heard: list[str] = []
    listener = _Listener(heard)
    try:
        for name, library in libraries.items():
            library.disable_progress_bar()
            library.disable_default_handler()
            library.set_verbosity_warning()
            logging.getLogger(name).addHandler(listener)
        yield heard
    finally:
        for name, library in libraries.items():
            verbosity, had_bar = before[name]
            logging.getLogger(name).removeHandler(listener)
            library.set_verbosity(verbosity)
            library.enable_default_handler()
            if had_bar:
                library.enable_progress_bar()


@contextmanager
def quiet_drawing() -> Generator[None]:
    """Hides what diffusers says of each batch: what it warns of there is an outcome, and is told as one."""
    import diffusers.utils.logging as diffusers_logging

    before = diffusers_logging.get_verbosity()
    try:
        diffusers_logging.set_verbosity_error()
        yield
    finally:
        diffusers_logging.set_verbosity(before)
